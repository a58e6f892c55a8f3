import { freemem } from 'node:os'
import { dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { loadTokenizer } from '../dataset/tokenizers/load.ts'
import type { Tokenizer } from '../dataset/tokenizers/tokenizer.ts'
import type { LogitsCheck, PromptLogits } from '../protocol/checkpoint-tasks.ts'
import { AppError } from '../protocol/errors/index.ts'
import { Decoder } from '../reference/generation/decoder.ts'
import { assertModelSize, MAX_GENERATION_PARAMETERS } from '../reference/model/limits.ts'
import { modelParameters, parameterCount } from '../reference/model/parameters.ts'
import type { TaskContext } from '../tasks/context.ts'
import type { OpenCheckpoint } from './open.ts'

const BYTES_PER_PARAMETER = 4
/** The runtime computes in fp32; what is free must hold the weights and leave the machine alive. */
const HEADROOM_BYTES = 256 * 1024 * 1024

const usualPrompts = ['The capital of France is', '人工智能是', 'def fibonacci(n):'] as const

interface Prompt {
  readonly text: string
  readonly ids: readonly number[]
}

export interface LogitsComparison {
  readonly prompts: PromptLogits[]
  /** The largest absolute difference that counts as equal. */
  readonly tolerance: number
}

/**
 * Runs two checkpoints on the reference runtime, one after the other, over the same prompts, and compares the logits of
 * the token behind each. Without a tokenizer on either side the prompts are fixed tokens.
 *
 * @throws AppError `train.modelTooLarge`, `checkpoint.logitsMemory`, `checkpoint.logitsArchitecture`,
 *   `chat.tokenizerMissing` for prompts that nothing can read, `cancelled`
 */
export async function compareLogits(
  checkpoint: OpenCheckpoint,
  against: OpenCheckpoint,
  check: LogitsCheck,
  context: Pick<TaskContext, 'signal' | 'progress'>,
): Promise<LogitsComparison> {
  for (const side of [checkpoint, against]) assertRunnable(side)
  const prompts = await promptsFor(checkpoint, against, check)
  const meter = new Meter(2 * (modelParameters(checkpoint.model).length + prompts.length), context)
  const ours = await run(checkpoint, prompts, meter)
  const theirs = await run(against, prompts, meter)
  const compared = prompts.map((prompt, index) => compare(prompt, ours[index] ?? none, theirs[index] ?? none))
  const largest = Math.max(...compared.map(({ scale }) => scale))
  const tolerance = check.tolerance ?? largest * relativeTolerance(checkpoint, against)
  return { prompts: compared.map(({ scale: _, ...result }) => result), tolerance }
}

const none = new Float32Array(0)

/** A cast moves logits by its rounding, which adds up over the layers; the same numbers give the same bits. */
function relativeTolerance(checkpoint: OpenCheckpoint, against: OpenCheckpoint): number {
  const dtypes = new Set(
    [checkpoint, against].flatMap(({ tensors }) => [...tensors.values()].map(({ dtype }) => dtype)),
  )
  if (checkpoint.summary.dtype === against.summary.dtype) return 0
  return dtypes.has('bf16') ? 0.05 : 0.01
}

function assertRunnable({ model, tensors, summary: { path } }: OpenCheckpoint): void {
  assertModelSize(model, MAX_GENERATION_PARAMETERS, path)
  const parameters = modelParameters(model)
  const known = new Set(parameters.map(({ name }) => name))
  const tensor = [...tensors.keys()].find((name) => !known.has(name))
  if (tensor !== undefined) throw new AppError('checkpoint.logitsArchitecture', { path, family: model.family, tensor })
  const needed = parameterCount(parameters) * BYTES_PER_PARAMETER + HEADROOM_BYTES
  const free = freemem()
  if (needed <= free) return
  const inGiB = (bytes: number): string => (bytes / 2 ** 30).toFixed(1)
  throw new AppError('checkpoint.logitsMemory', { path, needed: inGiB(needed), free: inGiB(free) })
}

async function promptsFor(
  checkpoint: OpenCheckpoint,
  against: OpenCheckpoint,
  { prompts, tokens }: LogitsCheck,
): Promise<Prompt[]> {
  const vocab = Math.min(checkpoint.model.vocab, against.model.vocab)
  const found = checkpoint.summary.tokenizer ?? against.summary.tokenizer
  const tokenizer = found === null ? undefined : await loadTokenizer(dirname(found.path))
  if (tokenizer !== undefined && tokenizer.vocabSize <= vocab) {
    return (prompts ?? usualPrompts).map((text) => ({ text, ids: framed(tokenizer, text).slice(0, tokens) }))
  }
  if (prompts !== undefined) throw new AppError('chat.tokenizerMissing', { path: checkpoint.summary.path })
  // Steps that share no factor with a usual vocabulary reach all over it.
  return [7, 101, 1009].map((step) => {
    const ids = Array.from({ length: tokens }, (_, position) => ((position + 1) * step) % vocab)
    return { text: `tokens ${ids.slice(0, 4).join(', ')}, ...`, ids }
  })
}

const framed = (tokenizer: Tokenizer, text: string): number[] => [...tokenizer.frame.before, ...tokenizer.encode(text)]

class Meter {
  readonly #total: number
  readonly #context: Pick<TaskContext, 'signal' | 'progress'>
  #done = 0

  constructor(total: number, context: Pick<TaskContext, 'signal' | 'progress'>) {
    this.#total = total
    this.#context = context
  }

  step(): void {
    if (this.#context.signal.aborted) throw new AppError('cancelled')
    const phase = { en: 'comparing logits', 'zh-CN': '比较 logits' }
    this.#context.progress({ phase, done: Math.min(++this.#done, this.#total), total: this.#total, unit: 'tensors' })
  }
}

async function run(checkpoint: OpenCheckpoint, prompts: readonly Prompt[], meter: Meter): Promise<Float32Array[]> {
  const longest = Math.max(...prompts.map(({ ids }) => ids.length))
  const source = {
    // The cache need not hold more than the prompts.
    model: { ...checkpoint.model, maxPositions: longest },
    readFloat32: (name: string) => {
      meter.step()
      return checkpoint.readFloat32(name)
    },
  }
  const decoder = await Decoder.load(source, checkpoint.summary.path)
  const logits: Float32Array[] = []
  for (const { ids } of prompts) {
    decoder.reset()
    logits.push(decoder.append(ids).slice())
    meter.step()
    // A stop arrives as an event.
    await setImmediate()
  }
  return logits
}

/** `scale` is the largest logit of either side, without its sign. */
function compare(
  { text, ids }: Prompt,
  ours: Float32Array,
  theirs: Float32Array,
): PromptLogits & { readonly scale: number } {
  let maxAbsolute = 0
  let scale = 0
  for (let index = 0; index < Math.min(ours.length, theirs.length); index++) {
    const [a, b] = [ours[index] as number, theirs[index] as number]
    // NaN on one side only is as far as it gets; on both it is the same.
    const difference = Object.is(a, b) ? 0 : Math.abs(a - b)
    maxAbsolute = Math.max(maxAbsolute, Number.isNaN(difference) ? Number.MAX_VALUE : difference)
    scale = Math.max(scale, Math.abs(a) || 0, Math.abs(b) || 0)
  }
  return {
    prompt: text,
    tokens: ids.length,
    maxAbsolute: Math.min(maxAbsolute, Number.MAX_VALUE),
    maxRelative: scale === 0 ? 0 : Math.min(maxAbsolute / scale, Number.MAX_VALUE),
    topToken: indexOfLargest(ours),
    againstTopToken: indexOfLargest(theirs),
    scale,
  }
}

function indexOfLargest(values: Float32Array): number {
  let best = 0
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) > (values[best] as number)) best = index
  }
  return best
}
