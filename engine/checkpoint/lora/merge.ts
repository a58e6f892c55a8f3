import type { Dtype, ModelShape } from '../../protocol/passport.ts'
import { readBoxInto, readRowsInto, type Box } from '../box.ts'
import { castInto } from '../casts.ts'
import type { CanonicalTensor, TensorSource } from '../checkpoint.ts'
import { dtypeBytes } from '../formats/dtypes.ts'
import { rowLength } from '../formats/stored-tensor.ts'
import { DerivedSource } from '../sources/cast.ts'
import type { RecipeBook, SourceRecipe } from '../sources/recipe.ts'
import { adapterA, adapterB, packedParts } from './adapters.ts'

/** What a row of the product becomes in a dtype, in place: W + scale * B A, rounded where the original rounds. */
type Merge = (weights: Uint8Array, product: Float32Array, scale: number) => void

/**
 * Rounding of `merge_and_unload` on a CPU. fp16: product and scale in fp32, the difference cast to fp16, the sum in
 * fp16. bf16: every step rounds to bf16. fp32: every step in fp32.
 */
const merges: Record<Dtype, Merge> = {
  fp16: (weights, product, scale) => {
    const halves = new Float16Array(weights.buffer, weights.byteOffset, product.length)
    const delta = new Float16Array(1)
    for (let index = 0; index < product.length; index++) {
      delta[0] = Math.fround((product[index] as number) * scale)
      halves[index] = Math.fround((halves[index] as number) + delta[0])
    }
  },
  bf16: (weights, product, scale) => {
    const halves = new Uint16Array(weights.buffer, weights.byteOffset, product.length)
    const value = new Float32Array(1)
    const bits = new Uint32Array(value.buffer)
    const round = (number: number): number => {
      value[0] = number
      const raw = bits[0] as number
      if ((raw & 0x7fffffff) > 0x7f800000) bits[0] = ((raw & 0x80000000) | 0x7fc00000) >>> 0
      else bits[0] = ((raw + 0x7fff + ((raw >>> 16) & 1)) & 0xffff0000) >>> 0
      return value[0] as number
    }
    for (let index = 0; index < product.length; index++) {
      const delta = round(round(product[index] as number) * scale)
      bits[0] = (halves[index] as number) << 16
      round((value[0] as number) + delta)
      halves[index] = (bits[0] ?? 0) >>> 16
    }
  },
  fp32: (weights, product, scale) => {
    const values = new Float32Array(weights.buffer, weights.byteOffset, product.length)
    for (let index = 0; index < product.length; index++) {
      values[index] = (values[index] as number) + Math.fround((product[index] as number) * scale)
    }
  },
}

/** Weights with their adapters merged in. Base and adapters have one dtype, which is that of the result. */
export class MergedSource extends DerivedSource {
  readonly model: ModelShape
  readonly tensors: ReadonlyMap<string, CanonicalTensor>
  readonly #base: TensorSource
  readonly #adapters: TensorSource
  readonly #scale: number
  #lastA: { name: string; values: Float32Array } | undefined

  /** @param scale alpha divided by the rank */
  constructor(base: TensorSource, adapters: TensorSource, scale: number) {
    super()
    this.model = base.model
    this.tensors = base.tensors
    this.#base = base
    this.#adapters = adapters
    this.#scale = Math.fround(scale)
  }

  async readBoxInto(name: string, box: Box, into: Uint8Array): Promise<void> {
    await readBoxInto(this.#base, name, box, into)
    const tensor = this.#base.tensors.get(name)
    const b = this.#adapters.tensors.get(adapterB(name))
    const [, layer, part] = /^(layers\.\d+\.)(.+)$/.exec(name) ?? []
    const packed = packedParts.find((parts) => part !== undefined && parts.includes(part))
    if (tensor === undefined || b === undefined || packed === undefined) return
    const a = await this.#wholeA(`${layer}${adapterA(packed)}`)
    const rank = b.shape[1] ?? 1
    const length = rowLength(tensor.shape)
    const factors = await this.#read(b, box.from, box.to)
    const merge = merges[tensor.dtype]
    const product = new Float32Array(box.columns)
    const rowBytes = box.columns * dtypeBytes[tensor.dtype]
    for (let row = 0; row < box.to - box.from; row++) {
      product.fill(0)
      for (let r = 0; r < rank; r++) {
        const factor = factors[row * rank + r] as number
        const at = r * length + box.column
        for (let column = 0; column < box.columns; column++) {
          product[column] = (product[column] as number) + factor * (a[at + column] as number)
        }
      }
      merge(into.subarray(row * rowBytes, (row + 1) * rowBytes), product, this.#scale)
    }
  }

  recipe(book: RecipeBook): SourceRecipe | undefined {
    const [base, adapters] = [this.#base.recipe?.(book), this.#adapters.recipe?.(book)]
    if (base === undefined || adapters === undefined) return undefined
    return { kind: 'merged', base, adapters, scale: this.#scale }
  }

  /** A is small and serves every row of its module. */
  async #wholeA(name: string): Promise<Float32Array> {
    if (this.#lastA?.name === name) return this.#lastA.values
    const tensor = this.#adapters.tensors.get(name)
    if (tensor === undefined) throw new Error(`adapters without ${name}`)
    const values = await this.#read(tensor, 0, tensor.shape[0] ?? 1)
    this.#lastA = { name, values }
    return values
  }

  async #read(tensor: CanonicalTensor, from: number, to: number): Promise<Float32Array> {
    const count = (to - from) * rowLength(tensor.shape)
    const raw = new Uint8Array(count * dtypeBytes[tensor.dtype])
    await readRowsInto(this.#adapters, tensor.name, from, to, raw)
    const values = new Float32Array(count)
    castInto(raw, tensor.dtype, new Uint8Array(values.buffer), 'fp32')
    return values
  }
}
