import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import type { Rewriting } from '../../checkpoint/mindspore/rewrite.ts'
import { withFileCode } from '../../host/fs-errors.ts'
import { flagIsTrue } from '../drop-in-flags.ts'
import { runHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'

/** The forms of convert_weight.py that rewrite a MindSpore file; they have nothing to do with Hugging Face. */
export function isRewriting(flags: ReadonlyMap<string, string>): boolean {
  return flagIsTrue(flags, 'qkv_concat') || flags.has('pre_ckpt_path') || flags.has('config_path')
}

/**
 * `--qkv_concat True --pre_ckpt_path … --mindspore_ckpt_path …` (a file or rank folders), and
 * `--pre_ckpt_path … --config_path …` of Llama2, whose output lies beside the input.
 */
export async function rewriteWeight(session: Session, flags: ReadonlyMap<string, string>): Promise<void> {
  if (flags.has('model')) {
    throw new UsageError(
      '--model takes no --qkv_concat, --pre_ckpt_path or --config_path: the original ignores them there. ' +
        "Convert first, then run the family's convert_weight.py with --qkv_concat True --pre_ckpt_path",
    )
  }
  const given = flags.get('pre_ckpt_path') ?? ''
  if (given === '') throw new UsageError('--pre_ckpt_path is missing')
  const input = session.path(given)
  const isFused = flagIsTrue(flags, 'qkv_concat')
  const rewriting = isFused ? await fusing(flags) : await halving(session, flags)
  const output = isFused ? await fusedOutput(session, flags, input) : `${given.split('.ckpt')[0] ?? ''}_hf.ckpt`
  await runHere(session, async (context) => {
    const { rewriteMindspore } = await import('../../checkpoint/mindspore/rewrite.ts')
    const path = session.path(output)
    const files = await rewriteMindspore(input, path, rewriting, context)
    context.log(`wrote ${files} file(s) to ${path}`)
    return { output: path, files }
  })
}

async function fusing(flags: ReadonlyMap<string, string>): Promise<Rewriting> {
  const { fuseLlama, fuseTelechat2, telechat2Groups } = await import('../../checkpoint/mindspore/fuse-qkv.ts')
  const name = flags.get('model_name') ?? 'telechat_7B'
  const groups = telechat2Groups[name]
  if (groups === undefined) {
    throw new UsageError(`--model_name ${name} is not one of ${Object.keys(telechat2Groups).join(', ')}`)
  }
  const [llama, telechat2] = [fuseLlama(flagIsTrue(flags, 'w2_transb')), fuseTelechat2(groups, name)]
  // Only TeleChat2 has keys and values in one parameter.
  return (old, path) => {
    const isTelechat2 = [...old.keys()].some((parameter) => parameter.endsWith('.attention.wk_v.weight'))
    return (isTelechat2 ? telechat2 : llama)(old, path)
  }
}

async function fusedOutput(session: Session, flags: ReadonlyMap<string, string>, input: string): Promise<string> {
  const output = flags.get('mindspore_ckpt_path') ?? 'transform.ckpt'
  const isFolder = await stat(input).then(
    (entry) => entry.isDirectory(),
    // What is missing is reported when it is opened.
    () => false,
  )
  const { withSuffix } = await import('../../checkpoint/mindspore/to-mindspore.ts')
  const path = session.path(output)
  return isFolder ? path : withSuffix(path)
}

const Params = z.object({ n_heads: z.number().int().positive(), dim: z.number().int().positive() })

async function halving(session: Session, flags: ReadonlyMap<string, string>): Promise<Rewriting> {
  const config = flags.get('config_path') ?? ''
  if (config === '') throw new UsageError('--pre_ckpt_path needs --config_path, or --qkv_concat True')
  const path = session.path(config)
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw withFileCode(error, path)
  })
  const parsed = Params.safeParse(parseJson(text))
  if (!parsed.success) {
    throw new UsageError(`${path} is no params.json: ${parsed.error.issues[0]?.path.join('.') || 'JSON'} is not valid`)
  }
  const { halveRotary } = await import('../../checkpoint/mindspore/halve-rotary.ts')
  return halveRotary(parsed.data.n_heads, parsed.data.dim)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: the schema refuses it with the file's name.
    return undefined
  }
}
