import { AppError, type ErrorCode } from '../../protocol/errors/index.ts'
import type { ModelShape } from '../../protocol/passport.ts'

/** Parallel sizes worth naming as a remedy: an NPU server has 8 or 16 devices. */
const MAX_CHOICE = 64

function choices(isValid: (size: number) => boolean): string {
  return Array.from({ length: MAX_CHOICE }, (_, index) => index + 1)
    .filter(isValid)
    .join(', ')
}

/**
 * Tensor parallelism cuts attention by heads and key/value groups, the MLP by its width; pipeline stages are equal.
 *
 * @throws AppError `checkpoint.tpHeads`, `checkpoint.tpGroups`, `checkpoint.tpFfn`, `checkpoint.ppLayers`
 */
export function assertDivisible(model: ModelShape, tp: number, pp: number): void {
  const [first] = indivisible(model, tp, pp)
  if (first !== undefined) throw first
}

/** All that does not come out even, as `assertDivisible` throws it. */
export function indivisible({ heads, kvGroups, ffn, layers }: ModelShape, tp: number, pp: number): AppError[] {
  const validTp = choices((size) => heads % size === 0 && kvGroups % size === 0 && ffn % size === 0)
  const parts: [code: ErrorCode, total: number, name: string][] = [
    ['checkpoint.tpHeads', heads, 'heads'],
    ['checkpoint.tpGroups', kvGroups, 'groups'],
    ['checkpoint.tpFfn', ffn, 'ffn'],
  ]
  const errors = parts
    .filter(([, total]) => total % tp !== 0)
    .map(([code, total, name]) => new AppError(code, { tp, [name]: total, choices: validTp }))
  if (layers % pp !== 0) {
    const validPp = choices((size) => layers % size === 0)
    errors.push(new AppError('checkpoint.ppLayers', { pp, layers, choices: validPp }))
  }
  return errors
}
