import { AppError } from '../../protocol/errors/index.ts'
import type { Dtype } from '../../protocol/passport.ts'
import { castInto } from '../casts.ts'
import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { mindsporeNames } from '../formats/mindspore-types.ts'
import { MergeKernel } from '../lora/merge-kernel.ts'
import { readRegion, type WholeParameter } from './slice-source.ts'
import type { Region } from './slices.ts'

/** The factors of an adapter: A is [rank, in], B is [out, rank]. */
export interface AdapterPair {
  readonly a: WholeParameter
  readonly b: WholeParameter
}

/**
 * Adds the product of adapters to weights as they pass: W + scaling B A, in the dtype of all three where it is one; else
 * everything is computed in fp32 and cast to the dtype of the weights, as `transform_ckpt_lora.py` does.
 */
export class LoraMerger {
  readonly #scaling: number
  #kernel: { rank: number; kernel: MergeKernel } | undefined
  #lastA: { parameter: WholeParameter; values: Float32Array } | undefined
  /** Finite values that became infinite on the way back to the weights' dtype. */
  overflowed = 0

  constructor(scaling: number) {
    this.#scaling = Math.fround(scaling)
  }

  /** @param bytes the part `region` of the weights, row-major; merged in place */
  async merge(weights: WholeParameter, { a, b }: AdapterPair, region: Region, bytes: Buffer): Promise<void> {
    const [row = 0, column = 0] = region.start
    const [rows = 0, columns = 0] = region.size
    const [rank = 0, length = 0] = a.shape
    const [dtype, ofA, ofB] = [dtypeOf(weights), dtypeOf(a), dtypeOf(b)]
    if (this.#lastA?.parameter !== a) {
      this.#lastA = { parameter: a, values: await readFloats(a, { start: [0, 0], size: [rank, length] }) }
    }
    if (this.#kernel?.rank !== rank) this.#kernel = { rank, kernel: new MergeKernel(rank) }
    const { kernel } = this.#kernel
    const factors = {
      rank,
      a: this.#lastA.values,
      b: await readFloats(b, { start: [row, 0], size: [rows, rank] }),
      length,
      column,
    }
    if (dtype === ofA && dtype === ofB) {
      kernel.merge(bytes, rows, columns, dtype, this.#scaling, factors)
      return
    }
    const wide = new Uint8Array(new Float32Array(rows * columns).buffer)
    if (dtype === 'fp32') wide.set(bytes)
    else castInto(bytes, dtype, wide, 'fp32')
    kernel.merge(wide, rows, columns, 'fp32', this.#scaling, factors)
    if (dtype === 'fp32') bytes.set(wide)
    else this.overflowed += castInto(wide, 'fp32', bytes, dtype)
  }
}

function dtypeOf({ name, type, pieces }: WholeParameter): Dtype {
  for (const dtype of ['fp32', 'fp16', 'bf16'] as const) if (mindsporeNames[dtype] === type) return dtype
  throw new AppError('mindspore.typeUnsupported', { file: pieces[0]?.tensor.file.path ?? '', tensor: name, type })
}

/** Adapters are small: a part of one fits into memory. */
async function readFloats(parameter: WholeParameter, region: Region): Promise<Float32Array> {
  const dtype = dtypeOf(parameter)
  const count = elementCount(region.size)
  const raw = Buffer.from(new ArrayBuffer(count * dtypeBytes[dtype]))
  await readRegion(parameter, region, raw, (bytes) => Buffer.from(new ArrayBuffer(bytes)))
  if (dtype === 'fp32') return new Float32Array(raw.buffer, raw.byteOffset, count)
  const values = new Float32Array(count)
  castInto(raw, dtype, new Uint8Array(values.buffer), 'fp32')
  return values
}
