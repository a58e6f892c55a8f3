import type { Parsed } from '../result.ts'

const NUMBER = '[-+]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?'

const MEGATRON_CELLS: ReadonlyMap<string, string> = new Map([
  ['consumed samples', 'consumedSamples'],
  ['elapsed time per iteration (ms)', 'iterMs'],
  ['throughput per gpu (tflop/s/gpu)', 'tflopsPerNpu'],
  ['learning rate', 'lr'],
  ['global batch size', 'globalBatch'],
  ['lm loss', 'loss'],
  ['grad norm', 'gradNorm'],
  ['number of skipped iterations', 'skipped'],
  ['number of nan iterations', 'nan'],
])

/** The numbers of each logged step, of Megatron's and of MindFormers' lines. Fields come and go with versions. */
export const parseProgress = (lines: string[]): Parsed[] =>
  lines.map((line) => megatronStep(line) ?? mindFormersStep(line)).filter((step) => step !== null)

function megatronStep(line: string): Parsed | null {
  const head = /\biteration\s+(\d+)\s*\/\s*(\d+)\s*\|/.exec(line)
  if (!head) return null
  const step: Parsed = { iteration: Number(head[1]), total: Number(head[2]) }
  for (const cell of line.slice(head.index + head[0].length).split('|')) {
    const colon = cell.lastIndexOf(':')
    const name = MEGATRON_CELLS.get(cell.slice(0, Math.max(0, colon)).trim().toLowerCase())
    const value = Number(cell.slice(colon + 1).trim() || NaN)
    if (name !== undefined && Number.isFinite(value)) step[name] = value
  }
  return step
}

const STEP_FIELDS: readonly [name: string, pattern: RegExp][] = [
  ['loss', new RegExp(`\\bloss:\\s*\\[?\\s*(${NUMBER})`)],
  ['stepMs', new RegExp(`\\bper_step_time:\\s*(${NUMBER})\\s*ms`)],
  ['lr', new RegExp(`\\blr:\\s*(${NUMBER})`)],
  ['lossScale', new RegExp(`\\bloss_scale:\\s*(${NUMBER})`)],
  // Several numbers in the brackets are no norm.
  ['globalNorm', new RegExp(`\\bglobal_norm:?\\s*\\[?\\s*(${NUMBER})\\s*(?:\\]|,|$)`)],
  ['gradNorm', new RegExp(`\\bgrad_norm:?\\s*\\[?\\s*(${NUMBER})\\s*(?:\\]|,|$)`)],
  ['tflopsPerNpu', new RegExp(`\\b(?:train_)?throughput(?:_per_npu)?:\\s*(${NUMBER})T`)],
]

function mindFormersStep(line: string): Parsed | null {
  const at = /\bstep:\s*\[\s*(\d+)\s*\/\s*(\d+)\s*\]/i.exec(line)
  if (!at) return null
  const epoch = /\bEpoch:\s*\[\s*(\d+)\s*\/\s*(\d+)\s*\]/i.exec(line)
  const step: Parsed = {
    ...(epoch ? { epoch: Number(epoch[1]), epochs: Number(epoch[2]) } : {}),
    step: Number(at[1]),
    steps: Number(at[2]),
  }
  for (const [name, pattern] of STEP_FIELDS) {
    const value = pattern.exec(line)?.[1]
    if (value !== undefined) step[name] = Number(value)
  }
  const overflow = /\boverflow cond:\s*(True|False)/i.exec(line)?.[1]
  if (overflow !== undefined) step.overflow = overflow.toLowerCase() === 'true'
  return 'loss' in step ? step : null
}
