import { UsageError } from '../session.ts'

/** How a flag takes values: none, one, a whole number, or all words up to the next flag. */
type Kind = 'switch' | 'text' | 'integer' | 'words'

interface Flag {
  readonly kind: Kind
  readonly choices?: readonly string[]
}

const text: Flag = { kind: 'text' }
const integer: Flag = { kind: 'integer' }
const flagSwitch: Flag = { kind: 'switch' }
const words: Flag = { kind: 'words' }

const families = [
  ...['baichuan', 'baichuan2', 'llama2', 'mixtral', 'chatglm3', 'gemma', 'gemma2', 'bloom', 'qwen', 'internlm2'],
  ...['deepseek2', 'minicpm', 'minicpm-moe', 'deepseek2-lite', 'qwen2-moe'],
]

const common: Readonly<Record<string, Flag>> = {
  'model-type': { kind: 'text', choices: ['GPT', 'BERT'] },
  'load-model-type': { kind: 'text', choices: ['hf', 'mg'] },
  'model-type-hf': { kind: 'text', choices: families },
  'load-dir': text,
  'save-dir': text,
  loader: text,
  saver: text,
  'use-mcore-models': flagSwitch,
  'params-dtype': text,
  'add-qkv-bias': flagSwitch,
  'add-dense-bias': flagSwitch,
  'post-norm': flagSwitch,
  'true-vocab-size': integer,
  'vocab-file': text,
  'megatron-path': text,
  'w-pack': text,
  'moe-grouped-gemm': flagSwitch,
  spec: words,
  'max-queue-size': integer,
  'no-checking': flagSwitch,
  'target-tensor-parallel-size': integer,
  'target-pipeline-parallel-size': integer,
  'num-layer-list': text,
  'num-layers-per-virtual-pipeline-stage': integer,
}

const hfLoader: Readonly<Record<string, Flag>> = { 'tokenizer-model': text, 'make-vocab-size-divisible-by': integer }

const mgLoader: Readonly<Record<string, Flag>> = {
  'lora-load': text,
  'lora-target-modules': words,
  'lora-r': integer,
  'lora-alpha': integer,
  'load-from-legacy': flagSwitch,
  'embed-layernorm': flagSwitch,
}

const newSaver: Readonly<Record<string, Flag>> = {
  'save-model-type': { kind: 'text', choices: ['mg', 'hf'] },
  'target-expert-parallel-size': integer,
  'save-to-legacy': flagSwitch,
}

/** The flags that a loader and a saver have together. */
export function flagsOf(source: 'hf' | 'mg', isOld: boolean): Readonly<Record<string, Flag>> {
  const saver = isOld ? { 'save-model-type': text } : newSaver
  return { ...common, ...(source === 'hf' ? hfLoader : mgLoader), ...saver }
}

export interface Flags {
  has(name: string): boolean
  text(name: string): string | undefined
  integer(name: string): number | undefined
  words(name: string): readonly string[]
}

/** The value of a flag before it is known which others there are. */
export function peek(args: readonly string[], name: string): string | undefined {
  let found: string | undefined
  args.forEach((argument, index) => {
    if (argument === `--${name}`) found = args[index + 1]
    else if (argument.startsWith(`--${name}=`)) found = argument.slice(name.length + 3)
  })
  return found
}

/**
 * Reads arguments as the original's parser does: no abbreviations, `--flag value` or `--flag=value`, the last of the
 * same name counts.
 *
 * @throws UsageError, in the words of that parser
 */
export function readFlags(args: readonly string[], known: Readonly<Record<string, Flag>>): Flags {
  const values = new Map<string, string[]>()
  const unrecognized: string[] = []
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    const [, name = '', attached] = /^--([^=]+)(?:=(.*))?$/s.exec(argument) ?? []
    const flag = known[name]
    if (flag === undefined) {
      unrecognized.push(argument)
      continue
    }
    const given: string[] = attached === undefined ? [] : [attached]
    const most = flag.kind === 'switch' ? 0 : flag.kind === 'words' ? Infinity : 1
    if (attached !== undefined && most === 0)
      throw new UsageError(`argument --${name}: ignored explicit argument '${attached}'`)
    while (attached === undefined && given.length < most) {
      const next = args[index + 1]
      if (next === undefined || (next.startsWith('-') && !/^-\d+$/.test(next))) break
      given.push(next)
      index++
    }
    if (most > 0 && given.length === 0)
      throw new UsageError(`argument --${name}: expected ${most === 1 ? 'one argument' : 'at least one argument'}`)
    for (const value of given) check(name, flag, value)
    values.set(name, given)
  }
  if (unrecognized.length > 0) throw new UsageError(`unrecognized arguments: ${unrecognized.join(' ')}`)
  return {
    has: (name) => values.has(name),
    text: (name) => values.get(name)?.[0],
    integer: (name) => (values.has(name) ? Number(values.get(name)?.[0]) : undefined),
    words: (name) => values.get(name) ?? [],
  }
}

function check(name: string, { kind, choices }: Flag, value: string): void {
  if (kind === 'integer' && !/^[+-]?\d+$/.test(value))
    throw new UsageError(`argument --${name}: invalid int value: '${value}'`)
  if (kind === 'integer' && Number(value) < 1)
    throw new UsageError(`argument --${name}: expected 1 or more, not ${value}`)
  if (choices !== undefined && !choices.includes(value)) {
    const list = choices.map((choice) => `'${choice}'`).join(', ')
    throw new UsageError(`argument --${name}: invalid choice: '${value}' (choose from ${list})`)
  }
}
