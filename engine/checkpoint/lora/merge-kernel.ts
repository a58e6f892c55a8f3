import type { Dtype } from '../../protocol/passport.ts'
import { dtypeBytes } from '../formats/dtypes.ts'
import { isFused, loadKernel, type Kernel } from '../kernel/kernel.ts'

/** Rows and columns that are merged at once; weights and product stay in the processor's cache. */
const TILE_ROWS = 64
const TILE_COLUMNS = 512
const LANES = 8
const WEIGHTS = 0
const PRODUCT = WEIGHTS + TILE_ROWS * TILE_COLUMNS * 4
const FACTORS = PRODUCT + TILE_ROWS * TILE_COLUMNS * 4

const merges = { fp16: 'mergeFp16', bf16: 'mergeBf16', fp32: 'mergeFp32' } as const

/** Factors of a product, fp32, row-major: a row of B for each row of the weights, and A of which some columns count. */
export interface Factors {
  readonly rank: number
  readonly b: Float32Array
  readonly a: Float32Array
  /** Columns of A, and the one that the weights begin with. */
  readonly length: number
  readonly column: number
}

/**
 * W + scale B A in place, rounded as `merge_and_unload` does on a CPU. fp16: product and scale in fp32, the difference
 * cast to fp16, the sum in fp16. bf16: every step rounds to bf16. fp32: every step in fp32. Products are summed in the
 * order of the rank, each step rounded once.
 */
export class MergeKernel {
  readonly #rank: number
  readonly #kernel: Kernel
  readonly #product: 'product' | 'productByFp64'
  readonly #factors: number
  readonly #a: Float32Array
  readonly #b: Float32Array

  constructor(rank: number) {
    this.#rank = rank
    this.#factors = FACTORS + TILE_ROWS * rank * 4
    this.#kernel = loadKernel(this.#factors + TILE_COLUMNS * rank * 4)
    this.#product = isFused(this.#kernel) ? 'product' : 'productByFp64'
    const { buffer } = this.#kernel.memory
    this.#b = new Float32Array(buffer, FACTORS, TILE_ROWS * rank)
    this.#a = new Float32Array(buffer, this.#factors, TILE_COLUMNS * rank)
  }

  /** @param weights `rows` times `columns` elements */
  merge(weights: Uint8Array, rows: number, columns: number, dtype: Dtype, scale: number, factors: Factors): void {
    for (let column = 0; column < columns; column += TILE_COLUMNS) {
      const width = Math.min(TILE_COLUMNS, columns - column)
      this.#packA(factors, factors.column + column, width)
      for (let row = 0; row < rows; row += TILE_ROWS) {
        const tile = { row, rows: Math.min(TILE_ROWS, rows - row), column, width }
        this.#mergeTile(weights, columns, tile, dtype, scale, factors)
      }
    }
  }

  #mergeTile(
    weights: Uint8Array,
    columns: number,
    { row, rows, column, width }: { row: number; rows: number; column: number; width: number },
    dtype: Dtype,
    scale: number,
    { b }: Factors,
  ): void {
    const { exports, memory } = this.#kernel
    const size = dtypeBytes[dtype]
    const padded = Math.ceil(width / LANES) * LANES
    const [rowBytes, tileBytes] = [columns * size, padded * size]
    this.#b.set(b.subarray(row * this.#rank, (row + rows) * this.#rank))
    for (let r = 0; r < rows; r++) {
      const at = (row + r) * rowBytes + column * size
      memory.set(weights.subarray(at, at + width * size), WEIGHTS + r * tileBytes)
    }
    exports[this.#product](rows, padded, this.#rank, FACTORS, this.#factors, PRODUCT)
    exports[merges[dtype]](WEIGHTS, PRODUCT, scale, rows * padded)
    for (let r = 0; r < rows; r++) {
      const at = WEIGHTS + r * tileBytes
      weights.set(memory.subarray(at, at + width * size), (row + r) * rowBytes + column * size)
    }
  }

  /** Strips of eight columns, zeros behind the last one. */
  #packA({ a, length }: Factors, column: number, width: number): void {
    for (let strip = 0; strip < width; strip += LANES) {
      const lanes = Math.min(LANES, width - strip)
      for (let r = 0; r < this.#rank; r++) {
        const to = (strip * this.#rank + r * LANES) | 0
        const from = r * length + column + strip
        for (let lane = 0; lane < LANES; lane++) this.#a[to + lane] = lane < lanes ? (a[from + lane] as number) : 0
      }
    }
  }
}
