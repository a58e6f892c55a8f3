import type { Command } from 'commander'
import { dirname, resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import type { Dtype } from '../../protocol/passport.ts'
import { parseFlags } from '../drop-in-flags.ts'
import { addCommand, examples, type Outcome } from '../options.ts'
import { runHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'
import { isRewriting, rewriteWeight } from './convert-weight-rewrite.ts'
import { transformScripts } from './transform-ckpt.ts'

const scripts = ['convert_weight.py', 'convert_reversed.py'] as const

/** Scripts of MindFormers about weights that `awb` stands in for, by their file names. */
export const weightScripts: readonly string[] = [...scripts, ...transformScripts]

const values = [
  'script',
  // convert_weight.py in the root of MindFormers
  'model',
  'input_path',
  'output_path',
  'dtype',
  'qkv_concat',
  'w2_transb',
  'layers',
  'is_pretrain',
  'telechat_type',
  // those of the families
  'torch_ckpt_dir',
  'torch_ckpt_path',
  'mindspore_ckpt_path',
  'pre_ckpt_path',
  'config_path',
  'torch_path',
  'mindspore_path',
  'model_name',
]

type Family = 'llama' | 'qwen1.5' | 'telechat2'

/** A command line in one form, paths resolved. */
interface Conversion {
  readonly family: Family
  readonly isReversed: boolean
  readonly input: string
  readonly output: string
  readonly dtype: Dtype | undefined
  readonly withTiedHead: boolean
}

export function addConvertWeightCommands(program: Command, outcome: Outcome): void {
  for (const script of scripts) {
    addCommand(
      program,
      outcome,
      `${script} [arguments...]`,
      script === 'convert_weight.py'
        ? "MindFormers' script: Hugging Face weights to a MindSpore .ckpt, or back with --reversed"
        : "MindFormers' scripts: a MindSpore .ckpt to a torch file",
      (command) =>
        examples(
          command.allowUnknownOption(),
          ...(script === 'convert_weight.py'
            ? [
                'awb convert_weight.py --model llama --input_path ./llama-2-7b-hf/ --output_path ./llama.ckpt --dtype fp16',
                'awb convert_weight.py --torch_ckpt_dir ./qwen1.5-7b --mindspore_ckpt_path ./qwen.ckpt',
                'awb convert_weight.py --torch_path ./telechat2-7b --mindspore_path ./telechat.ckpt --dtype bfloat16',
              ]
            : ['awb convert_reversed.py --mindspore_path ./telechat.ckpt --torch_path ./pytorch_model.bin']),
        ),
      (session, args) => convertWeight(session, script, args),
    )
  }
}

async function convertWeight(session: Session, script: string, args: string[]): Promise<void> {
  const flags = parseFlags(args, { values, switches: ['reversed'] })
  if (isRewriting(flags)) return rewriteWeight(session, flags)
  const isReversed = flags.has('reversed') || script === 'convert_reversed.py'
  const conversion = await chooseForm(session, flags, isReversed)
  await runHere(session, async (context) => {
    const { input, family } = conversion
    const { withSuffix, llamaToMindspore, telechat2ToMindsporeFile } =
      await import('../../checkpoint/mindspore/to-mindspore.ts')
    const output = isReversed ? conversion.output : withSuffix(conversion.output)
    if (isReversed) {
      const { mindsporeToTorch } = await import('../../checkpoint/mindspore/from-mindspore.ts')
      const { llamaFromMindspore, telechat2FromMindspore } = await import('../../checkpoint/mindspore/names.ts')
      const rename = family === 'telechat2' ? telechat2FromMindspore : llamaFromMindspore
      await mindsporeToTorch({ input, output, dtype: conversion.dtype, rename, context })
    } else {
      const request = { input, output, dtype: conversion.dtype ?? 'fp32', context }
      const digest =
        family === 'telechat2'
          ? await telechat2ToMindsporeFile(request)
          : await llamaToMindspore(request, family, conversion.withTiedHead)
      const { describeMindsporeFile } = await import('../../checkpoint/mindspore-passport.ts')
      const { knownModel } = await import('../../checkpoint/slice-passport.ts')
      const found = await knownModel(input)
      const known = typeof found === 'string' ? found : { ...found, dtype: request.dtype }
      await describeMindsporeFile({ output, digest, source: { path: input, layout: 'hf' }, known }, context)
    }
    context.log(`wrote ${output}`)
    return { output }
  })
}

/** Which of the scripts is meant: by its path where there is one, else by the flags. */
async function chooseForm(
  session: Session,
  flags: ReadonlyMap<string, string>,
  isReversed: boolean,
): Promise<Conversion> {
  if (flags.has('model')) return unifiedForm(session, flags, isReversed)
  if (flags.has('torch_path') || flags.has('mindspore_path')) return telechat2Form(session, flags, isReversed)
  if (isReversed) {
    // The scripts of Llama2 and Qwen1.5 are the same; neither has a dtype.
    return {
      family: 'llama',
      isReversed,
      input: session.path(flags.get('mindspore_ckpt_path') ?? 'transform.ckpt'),
      output: session.path(required(flags, 'torch_ckpt_path')),
      dtype: dtypeOf(flags, unifiedDtypes),
      withTiedHead: false,
    }
  }
  if (flags.has('torch_ckpt_path')) {
    const input = await folderOf(session.path(required(flags, 'torch_ckpt_path')))
    const output = session.path(flags.get('mindspore_ckpt_path') ?? 'transform.ckpt')
    return { family: 'llama', isReversed, input, output, dtype: undefined, withTiedHead: true }
  }
  return folderForm(session, flags)
}

const unifiedDtypes: Readonly<Record<string, Dtype>> = { fp32: 'fp32', fp16: 'fp16', bf16: 'bf16' }
const longDtypes: Readonly<Record<string, Dtype>> = { float32: 'fp32', float16: 'fp16', bfloat16: 'bf16' }

/** `convert_weight.py --model … --input_path … --output_path …` in the root of MindFormers. */
async function unifiedForm(
  session: Session,
  flags: ReadonlyMap<string, string>,
  isReversed: boolean,
): Promise<Conversion> {
  const model = required(flags, 'model')
  const families: Readonly<Record<string, Family>> = { llama: 'llama', qwen1_5: 'qwen1.5', telechat2: 'telechat2' }
  if (model === 'telechat') {
    throw new UsageError(
      '--model telechat has never worked: its module does not exist. Use ' +
        'convert_weight.py --torch_path … --mindspore_path … or --model telechat2',
    )
  }
  const family = families[model]
  if (family === undefined) {
    throw new UsageError(`--model ${model} is not supported. Supported: ${Object.keys(families).join(', ')}`)
  }
  const path = session.path(required(flags, 'input_path'))
  return {
    family,
    isReversed,
    input: isReversed ? path : await folderOf(path),
    output: session.path(required(flags, 'output_path')),
    dtype: dtypeOf(flags, unifiedDtypes) ?? (family === 'qwen1.5' && !isReversed ? 'fp16' : undefined),
    withTiedHead: family === 'llama',
  }
}

/** `research/telechat2/convert_weight.py` and its `convert_reversed.py`. */
function telechat2Form(session: Session, flags: ReadonlyMap<string, string>, isReversed: boolean): Conversion {
  const dtype = dtypeOf(flags, longDtypes) ?? 'fp32'
  const torch = flags.get('torch_path') ?? (isReversed ? 'torch.bin' : undefined)
  const mindspore = flags.get('mindspore_path') ?? (isReversed ? 'transform.ckpt' : undefined)
  const [input, output] = isReversed ? [mindspore, torch] : [torch, mindspore]
  if (input === undefined || output === undefined) {
    throw new UsageError(`--${input === undefined ? 'torch_path' : 'mindspore_path'} is missing`)
  }
  return {
    family: 'telechat2',
    isReversed,
    input: session.path(input),
    output: session.path(output),
    dtype,
    withTiedHead: false,
  }
}

/** `--torch_ckpt_dir` of Llama2 (r0.8), whose output lies in the source's folder, and of Qwen1.5: always fp16. */
async function folderForm(session: Session, flags: ReadonlyMap<string, string>): Promise<Conversion> {
  const input = session.path(required(flags, 'torch_ckpt_dir'))
  const name = flags.get('mindspore_ckpt_path') ?? 'transform.ckpt'
  const isQwen = await isQwenFolder(input, flags.get('script'))
  return {
    family: isQwen ? 'qwen1.5' : 'llama',
    isReversed: false,
    input,
    output: isQwen ? session.path(name) : resolve(input, name),
    dtype: 'fp16',
    withTiedHead: false,
  }
}

async function isQwenFolder(folder: string, script: string | undefined): Promise<boolean> {
  if (script !== undefined && /(^|[/\\])(qwen1_5|llama)[/\\]/.test(script)) return script.includes('qwen1_5')
  const { summarizeCheckpoint } = await import('../../checkpoint/inspect.ts')
  return (await summarizeCheckpoint(folder)).model.family === 'qwen1.5'
}

/** The scripts ask for any file of the model's folder; the folder itself is meant as well. */
async function folderOf(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    // The file need not exist: only its folder is read.
    () => false,
  )
  return isFolder ? path : dirname(path)
}

function required(flags: ReadonlyMap<string, string>, flag: string): string {
  const value = flags.get(flag)
  if (value === undefined || value === '') throw new UsageError(`--${flag} is missing`)
  return value
}

function dtypeOf(flags: ReadonlyMap<string, string>, names: Readonly<Record<string, Dtype>>): Dtype | undefined {
  const name = flags.get('dtype')
  if (name === undefined) return undefined
  const dtype = names[name]
  if (dtype === undefined) throw new UsageError(`--dtype ${name} is not one of ${Object.keys(names).join(', ')}`)
  return dtype
}
