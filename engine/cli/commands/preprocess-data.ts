import type { Command } from 'commander'
import { readdir, stat } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { DatasetTemplate, type DatasetHandler, type TaskSpecInput } from '../../protocol/tasks.ts'
import { addCommand, examples, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'
import { mergeHere } from './preprocess-data-merge.ts'
import { llamaFactorySource } from './preprocess-data-llamafactory.ts'
import { parsePreprocessData, type PreprocessDataFlags } from './preprocess-data-flags.ts'
import { alpacaColumnsOf, shareGptColumnsOf } from './preprocess-data-map.ts'

const LLAMA_FACTORY = 'LlamaFactoryInstructionHandler'

/** The script of MindSpeed-LLM that `awb` stands in for. */
export const preprocessDataScript = 'preprocess_data.py'

const handlers: Readonly<Record<string, DatasetHandler>> = {
  GeneralPretrainHandler: 'pretrain',
  AlpacaPretrainHandler: 'alpaca-pretrain',
  AlpacaStyleInstructionHandler: 'alpaca',
  SharegptStyleInstructionHandler: 'sharegpt',
  AlpacaStylePairwiseHandler: 'alpaca-pairwise',
  SharegptStylePairwiseHandler: 'sharegpt-pairwise',
  GeneralInstructionHandler: 'general',
  BelleMultiTurnInstructionHandler: 'belle',
  MOSSMultiTurnHandler: 'moss',
  LeetcodePythonInstructionHandler: 'leetcode',
}
const TEMPLATE_HANDLERS = [LLAMA_FACTORY, ...Object.keys(handlers).filter((name) => /Style/.test(name))]
/** Handlers of the original that exist and are not reproduced. */
const REFUSED_HANDLERS: Readonly<Record<string, string>> = {
  MOSSInstructionHandler: 'It writes each conversation several times over. Use MOSSMultiTurnHandler or ShareGPT rows',
  StackOverflowPythonPretrainHandler: 'It fails in the original as well. Use GeneralPretrainHandler',
}
/** Flags that the original reads for LlamaFactoryInstructionHandler only, for data sets of a script, or never. */
const IDLE_FLAGS = [
  'vocab-file',
  'merge-file',
  'script-data-dir',
  'dataset-dir',
  'interleave-probs',
  'mix-strategy',
  'dataset-impl',
] as const

export function addPreprocessDataCommand(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    `${preprocessDataScript} [arguments...]`,
    "MindSpeed-LLM's script: rows to Megatron datasets, byte for byte as 1.0.0 writes them (--no-compat corrects it)",
    (command) =>
      examples(
        command.allowUnknownOption(),
        `awb ${preprocessDataScript} --input ./alpaca.json --output-prefix ./data/alpaca --prompt-type llama2 ` +
          '--tokenizer-name-or-path ./llama-2-7b-hf --handler-name AlpacaStyleInstructionHandler',
      ),
    (session, args) => preprocessData(session, parsePreprocessData(args)),
  )
}

async function preprocessData(session: Session, flags: PreprocessDataFlags): Promise<void> {
  const input = required(flags, 'input')
  const outputPrefix = await outputPrefixOf(session, flags)
  const keys = flags.list['merge-group-keys']
  const say = (line: string) => (session.isJson ? process.stderr : process.stdout).write(`${line}\n`)
  for (const name of await olderFiles(outputPrefix)) say(`overwrites ${name}`)
  if (keys !== undefined) {
    return mergeHere(session, { folder: session.path(input), keys, outputPrefix, overwrite: true })
  }
  const { name, spec, idle } = await specOf(session, flags, input, outputPrefix)
  say(`building dataset: ${input}`)
  say(`dataset will use ${name} to handle dataset`)
  for (const flag of idle) say(`--${flag} has no effect with ${name}`)
  say(`Output prefix: ${required(flags, 'output-prefix')}`)
  await runTaskHere(session, 'dataset.preprocess', spec, (result) => [
    `Skip ${skippedOf(result)}.0 sample exceeded seq-length(${flags.integer['seq-length'] ?? 'None'})`,
  ])
}

type Spec = TaskSpecInput<'dataset.preprocess'>

async function specOf(
  session: Session,
  flags: PreprocessDataFlags,
  input: string,
  outputPrefix: string,
): Promise<{ name: string; spec: Spec; idle: readonly string[] }> {
  refuseUnsupported(flags)
  const { text, integer, isOn } = flags
  const isCompat = !isOn.has('no-compat')
  const { name, handler } = handlerOf(text['handler-name'] ?? '', isCompat)
  const template = templateOf(flags, name)
  if (isOn.has('pack')) checkPack(flags, handler)
  const seqLength = integer['seq-length']
  if (seqLength !== undefined && seqLength < 1) throw new UsageError('--seq-length must be 1 or more')
  const parts = integer['n-subs'] ?? 1
  return {
    name,
    idle: idleFlags(flags, name),
    spec: {
      ...(await sourceOf(session, flags, input, name, handler)),
      outputPrefix,
      template,
      tokenizer: session.path(required(flags, 'tokenizer-name-or-path')),
      slowTokenizer: isOn.has('tokenizer-not-use-fast'),
      appendEod: isOn.has('append-eod'),
      overwrite: true,
      ...workersOf(flags),
      ...(seqLength === undefined ? {} : { seqLength }),
      ...(isOn.has('pack') ? { pack: true } : {}),
      ...(isOn.has('pack') && isCompat && parts > 1 ? { packParts: parts } : {}),
      ...(isCompat ? { compat: '1.0.0' as const } : {}),
    },
  }
}

/** Processes for each part, in the original; more threads than cores would only cost memory. */
function workersOf({ integer }: PreprocessDataFlags): Pick<Spec, 'workers'> {
  const { workers, 'n-subs': parts } = integer
  if (workers === undefined && parts === undefined) return {}
  return { workers: Math.min(availableParallelism(), (workers ?? 1) * (parts ?? 1)) }
}

type Source = Pick<Spec, 'input' | 'handler' | 'columns' | 'sharegpt' | 'jsonKeys' | 'maxRows'>

async function sourceOf(
  session: Session,
  flags: PreprocessDataFlags,
  input: string,
  name: string,
  handler: DatasetHandler,
): Promise<Source> {
  if (name === LLAMA_FACTORY) return llamaFactorySource(session, flags)
  const mapKeys = flags.text['map-keys']
  return {
    input: session.path(input),
    handler,
    ...(name.startsWith('AlpacaStyle') ? { columns: alpacaColumnsOf(mapKeys) } : {}),
    ...(name.startsWith('SharegptStyle') ? { sharegpt: shareGptColumnsOf(mapKeys) } : {}),
    ...(handler === 'pretrain' ? { jsonKeys: flags.list['json-keys'] ?? ['text'] } : {}),
  }
}

/** Flags of the command line that change nothing for this handler. */
function idleFlags({ text, integer, list }: PreprocessDataFlags, name: string): string[] {
  const isLlamaFactory = name === LLAMA_FACTORY
  const given = IDLE_FLAGS.filter((flag) => text[flag] !== undefined)
  const idle = given.filter((flag) => !(isLlamaFactory && (flag === 'dataset-dir' || flag === 'mix-strategy')))
  const others = [
    ...(integer['max-samples'] === undefined || isLlamaFactory ? [] : ['max-samples']),
    ...(list.datasets === undefined ? [] : ['datasets']),
  ]
  return [...idle, ...others]
}

/** Names of datasets of this prefix that are there already. */
async function olderFiles(prefix: string): Promise<string[]> {
  const start = `${path.basename(prefix)}_`
  const names = await readdir(path.dirname(prefix))
  return names.filter((name) => name.startsWith(start) && /\.(?:bin|idx)$/.test(name)).sort()
}

/** An empty or unknown name means GeneralPretrainHandler, as in the original. */
function handlerOf(given: string, isCompat: boolean): { name: string; handler: DatasetHandler } {
  const reason = REFUSED_HANDLERS[given]
  if (reason !== undefined) throw new UsageError(`--handler-name ${given} is not supported. ${reason}`)
  if (given === LLAMA_FACTORY) return { name: given, handler: 'alpaca' }
  const handler = handlers[given]
  if (handler === undefined) {
    if (given !== '' && !isCompat) {
      throw new UsageError(`--handler-name ${given} is unknown. Known: ${Object.keys(handlers).join(', ')}`)
    }
    return { name: 'GeneralPretrainHandler', handler: 'pretrain' }
  }
  return { name: given, handler }
}

function templateOf({ text }: PreprocessDataFlags, name: string): DatasetTemplate {
  const given = text['prompt-type']
  const takesTemplate = TEMPLATE_HANDLERS.includes(name)
  if (given === undefined) {
    if (takesTemplate) throw new UsageError(`${name} needs --prompt-type: ${DatasetTemplate.options.join(', ')}`)
    // Without effect, since the handler has none.
    return 'empty'
  }
  if (!takesTemplate) {
    throw new UsageError(`If specify prompt_type , handler name must be in:\n${TEMPLATE_HANDLERS.join(', ')}.`)
  }
  const template = DatasetTemplate.safeParse(given)
  if (template.success) return template.data
  throw new UsageError(`--prompt-type ${given} is not supported. Supported: ${DatasetTemplate.options.join(', ')}`)
}

function checkPack({ integer }: PreprocessDataFlags, handler: DatasetHandler): void {
  if (handler === 'pretrain' || handler === 'alpaca-pretrain') {
    throw new UsageError(
      'Pre-training data processing does not need to be packed. Therefore, the --pack parameter is not required.',
    )
  }
  if (handler.endsWith('pairwise')) throw new UsageError('--pack: pairwise data cannot be packed')
  if (integer['seq-length'] === undefined) throw new UsageError('--pack needs --seq-length')
}

function refuseUnsupported({ text, integer, isOn }: PreprocessDataFlags): void {
  const type = text['tokenizer-type'] ?? 'PretrainedFromHF'
  if (type !== 'PretrainedFromHF') {
    throw new UsageError(`--tokenizer-type ${type} is not supported. Use PretrainedFromHF with a tokenizer's folder`)
  }
  if (isOn.has('split-sentences')) {
    throw new UsageError('--split-sentences is not supported: it needs NLTK. Write one sentence per row instead')
  }
  if (text['hf-datasets-params'] !== undefined) {
    throw new UsageError('--hf-datasets-params is not supported. Give a local file or folder as --input')
  }
  const mix = text['mix-strategy'] ?? 'concat'
  if (!['concat', 'interleave_under', 'interleave_over'].includes(mix)) {
    throw new UsageError(`argument --mix-strategy: invalid choice: '${mix}'`)
  }
  for (const name of ['workers', 'n-subs'] as const) {
    if ((integer[name] ?? 1) < 1) throw new UsageError(`--${name} must be 1 or more`)
  }
}

async function outputPrefixOf(session: Session, flags: PreprocessDataFlags): Promise<string> {
  const given = required(flags, 'output-prefix')
  const folder = given.slice(0, Math.max(0, given.lastIndexOf('/')))
  const isFolder =
    /[/\\]/.test(given) &&
    (await stat(session.path(path.dirname(given))).then(
      (entry) => entry.isDirectory(),
      () => false,
    ))
  if (!isFolder) throw new UsageError(`${folder} is not a directory or does not exist (--output-prefix ${given})`)
  return session.path(given)
}

function required({ text }: PreprocessDataFlags, flag: keyof PreprocessDataFlags['text']): string {
  const value = text[flag]
  if (value === undefined || value === '') throw new UsageError(`the following arguments are required: --${flag}`)
  return value
}

function skippedOf(result: Record<string, unknown>): number {
  const { passport } = result as { passport?: { rejected?: Record<string, number> } }
  return passport?.rejected?.tooLong ?? 0
}
