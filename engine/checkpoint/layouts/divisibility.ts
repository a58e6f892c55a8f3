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
  const { heads, kvGroups, ffn, layers } = model
  const validTp = choices((size) => heads % size === 0 && kvGroups % size === 0 && ffn % size === 0)
  const check = (code: ErrorCode, total: number, size: number, name: string): void => {
    if (total % size === 0) return
    const isTp = code !== 'checkpoint.ppLayers'
    throw new AppError(code, {
      [isTp ? 'tp' : 'pp']: size,
      [name]: total,
      choices: isTp ? validTp : choices((choice) => layers % choice === 0),
    })
  }
  check('checkpoint.tpHeads', heads, tp, 'heads')
  check('checkpoint.tpGroups', kvGroups, tp, 'groups')
  check('checkpoint.tpFfn', ffn, tp, 'ffn')
  check('checkpoint.ppLayers', layers, pp, 'layers')
}
