export interface Iteration {
  readonly step: number
  readonly steps: number
  readonly consumedSamples: number
  readonly milliseconds: number
  readonly learningRate: number
  readonly batchSize: number
  readonly loss: number
  readonly gradNorm: number
}

/**
 * A step as Megatron logs it, so that one parser reads both (order and widths of MindSpeed-LLM 1.0.0):
 * ` [2025-01-31 12:00:00] iteration       12/     200 | consumed samples:          384 | ...`
 */
export function iterationLine(iteration: Iteration, now: Date): string {
  const { step, steps, consumedSamples, milliseconds, learningRate, batchSize, loss, gradNorm } = iteration
  const fields = [
    `iteration ${right(step, 8)}/${right(steps, 8)}`,
    `consumed samples: ${right(consumedSamples, 12)}`,
    `elapsed time per iteration (ms): ${milliseconds.toFixed(1)}`,
    `learning rate: ${exponential(learningRate)}`,
    `global batch size: ${right(batchSize, 5)}`,
    `lm loss: ${exponential(loss)}`,
    'loss scale: 1.0',
    `grad norm: ${gradNorm.toFixed(3)}`,
    `number of skipped iterations: ${right(0, 3)}`,
    `number of nan iterations: ${right(0, 3)}`,
  ]
  return ` [${localTime(now)}] ${fields.map((field) => `${field} |`).join(' ')}`
}

const right = (value: number, width: number): string => String(value).padStart(width)

/** C's `%.6E`. */
function exponential(value: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(6).split('e')
  return `${mantissa}E${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`
}

function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`
}
