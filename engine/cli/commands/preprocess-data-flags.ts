import { UsageError } from '../session.ts'

/** Flags of preprocess_data.py of MindSpeed-LLM 1.0.0 by what follows them. */
const TEXTS = [
  'input',
  'output-prefix',
  'handler-name',
  'tokenizer-type',
  'tokenizer-name-or-path',
  'vocab-file',
  'merge-file',
  'prompt-type',
  'map-keys',
  'cache-dir',
  'hf-datasets-params',
  'script-data-dir',
  'dataset-dir',
  'interleave-probs',
  'mix-strategy',
  'dataset-impl',
  /** Ours: the script's path, where the command line names one. */
  'script',
] as const
const INTEGERS = [
  'seq-length',
  'workers',
  'n-subs',
  'log-interval',
  'max-samples',
  'seed',
  'make-vocab-size-divisible-by',
  'pad-vocab-size-to',
] as const
const LISTS = ['json-keys', 'merge-group-keys', 'datasets'] as const
const SWITCHES = [
  'tokenizer-not-use-fast',
  'append-eod',
  'pack',
  'split-sentences',
  'keep-newlines',
  'overwrite-cache',
  'streaming',
  /** Ours: what the guide promises instead of the original's bytes. */
  'no-compat',
] as const

type TextFlag = (typeof TEXTS)[number]
type IntegerFlag = (typeof INTEGERS)[number]
type ListFlag = (typeof LISTS)[number]
type SwitchFlag = (typeof SWITCHES)[number]

/** A command line of preprocess_data.py; flags that are not given are undefined. */
export interface PreprocessDataFlags {
  readonly text: Readonly<Partial<Record<TextFlag, string>>>
  readonly integer: Readonly<Partial<Record<IntegerFlag, number>>>
  readonly list: Readonly<Partial<Record<ListFlag, string[]>>>
  readonly isOn: ReadonlySet<SwitchFlag>
}

const ALL: readonly string[] = [...TEXTS, ...INTEGERS, ...LISTS, ...SWITCHES]
const isOneOf = <T extends string>(names: readonly T[], name: string): name is T =>
  (names as readonly string[]).includes(name)

/**
 * Reads the arguments as Python's argparse does: `--flag value`, `--flag=value`, unique beginnings of flags, several
 * values where a list is expected; the last one of the same name counts.
 * @throws UsageError in the words of argparse
 */
export function parsePreprocessData(args: readonly string[]): PreprocessDataFlags {
  const text: Partial<Record<TextFlag, string>> = {}
  const integer: Partial<Record<IntegerFlag, number>> = {}
  const list: Partial<Record<ListFlag, string[]>> = {}
  const isOn = new Set<SwitchFlag>()
  for (let at = 0; at < args.length;) {
    const argument = args[at++] ?? ''
    if (!argument.startsWith('--')) throw new UsageError(`unrecognized arguments: ${argument}`)
    const equals = argument.indexOf('=')
    const flag = complete(argument.slice(2, equals < 0 ? undefined : equals))
    const values = equals < 0 ? [] : [argument.slice(equals + 1)]
    if (isOneOf(SWITCHES, flag)) {
      if (equals >= 0) throw new UsageError(`argument --${flag}: ignored explicit argument '${values[0] ?? ''}'`)
      isOn.add(flag)
      continue
    }
    const most = equals >= 0 ? 0 : isOneOf(LISTS, flag) ? Infinity : 1
    while (values.length < most && at < args.length && isValue(args[at] ?? '')) values.push(args[at++] ?? '')
    const [value] = values
    if (value === undefined) {
      throw new UsageError(`argument --${flag}: expected ${isOneOf(LISTS, flag) ? 'at least ' : ''}one argument`)
    }
    if (isOneOf(LISTS, flag)) list[flag] = values
    else if (isOneOf(INTEGERS, flag)) integer[flag] = toInteger(flag, value)
    else if (isOneOf(TEXTS, flag)) text[flag] = value
  }
  return { text, integer, list, isOn }
}

/** Numbers below zero are values; anything else with a dash in front is a flag. */
const isValue = (argument: string): boolean =>
  !/^-./.test(argument) || /^-\d+$/.test(argument) || argument.includes(' ')

function toInteger(flag: string, value: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(value)) throw new UsageError(`argument --${flag}: invalid int value: '${value}'`)
  return Number(value)
}

function complete(text: string): string {
  if (ALL.includes(text)) return text
  const matches = ALL.filter((flag) => flag.startsWith(text))
  const [match] = matches
  if (match === undefined) throw new UsageError(`unrecognized arguments: --${text}`)
  if (matches.length > 1) {
    throw new UsageError(`ambiguous option: --${text} could match ${matches.map((flag) => `--${flag}`).join(', ')}`)
  }
  return match
}
