import type { JournalEntryBody } from '../protocol/jobs.ts'

/**
 * Megatron prints one line per logged iteration: ` iteration {i}/{n} |` and then fields `name: value |`. Order and
 * presence of the fields vary with version and flags, so each is found by its name.
 */
const ITERATION = /\biteration {1,20}(\d{1,12})\/ {0,20}(\d{1,12}) \|/
const NUMBER = /^(?:[-+]?(?:\d[\d.eE+-]*|inf)|nan)$/i

/** Field of the line by the name of the metric it becomes. Times in ms, throughput in TFLOP/s per NPU. */
const METRICS: ReadonlyMap<string, string> = new Map([
  ['consumed samples', 'consumedSamples'],
  ['elapsed time per iteration (ms)', 'iterationMs'],
  ['throughput per gpu (tflop/s/gpu)', 'tflops'],
  ['learning rate', 'learningRate'],
  ['global batch size', 'batchSize'],
  ['lm loss', 'loss'],
  ['loss scale', 'lossScale'],
  ['grad norm', 'gradNorm'],
  ['num zeros', 'zeros'],
  ['params norm', 'paramsNorm'],
  ['number of skipped iterations', 'skipped'],
  ['number of nan iterations', 'nan'],
])

const VALIDATION =
  /validation loss at iteration (\d+)(?: on (\w+) set)? \| lm loss value: ([-+\d.eE]+) \| lm loss PPL: ([-+\d.eE]+)/

/** Metrics and progress of a line of Megatron's or MindSpeed-LLM's output. */
export function parseMegatronLine(line: string): JournalEntryBody[] {
  const iteration = ITERATION.exec(line)
  if (iteration) {
    const fields = line.slice(iteration.index + iteration[0].length)
    return iterationEntries(Number(iteration[1]), Number(iteration[2]), fields)
  }
  const validation = VALIDATION.exec(line)
  if (!validation) return []
  const set = validation[2] === 'test' ? 'test' : 'validation'
  const values = finite({ [`${set}Loss`]: Number(validation[3]), [`${set}Perplexity`]: Number(validation[4]) })
  return [{ kind: 'metric', step: Number(validation[1]), values }]
}

function iterationEntries(step: number, total: number, fields: string): JournalEntryBody[] {
  const found: Record<string, number> = {}
  for (const field of fields.split('|')) {
    const colon = field.lastIndexOf(':')
    const metric = METRICS.get(field.slice(0, Math.max(0, colon)).trim().toLowerCase())
    const value = field.slice(colon + 1).trim()
    if (metric && NUMBER.test(value)) found[metric] = Number(value)
  }
  // A broken line (two processes printing at once) may still look like an iteration.
  if (Object.keys(found).length === 0) return []
  const values = finite(found)
  const stepMs = values.iterationMs
  const pace = stepMs ? { rate: 1000 / stepMs, etaMs: Math.max(0, total - step) * stepMs } : {}
  return [
    { kind: 'metric', step, values },
    { kind: 'progress', progress: { done: step, total, unit: 'steps', ...pace } },
  ]
}

/** JSON has no NaN and no infinity; the counters of nan and skipped iterations tell of them. */
const finite = (values: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => Number.isFinite(value)))
