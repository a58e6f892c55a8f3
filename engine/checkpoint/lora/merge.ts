import type { ModelShape } from '../../protocol/passport.ts'
import { readBoxInto, readRowsInto, type Box } from '../box.ts'
import { castInto } from '../casts.ts'
import type { CanonicalTensor, TensorSource } from '../checkpoint.ts'
import { dtypeBytes } from '../formats/dtypes.ts'
import { rowLength } from '../formats/stored-tensor.ts'
import { DerivedSource } from '../sources/cast.ts'
import type { RecipeBook, SourceRecipe } from '../sources/recipe.ts'
import { MergeKernel } from './merge-kernel.ts'
import { adapterA, adapterB, packedParts } from './names.ts'

/** Weights with their adapters merged in. Base and adapters have one dtype, which is that of the result. */
export class MergedSource extends DerivedSource {
  readonly model: ModelShape
  readonly tensors: ReadonlyMap<string, CanonicalTensor>
  readonly #base: TensorSource
  readonly #adapters: TensorSource
  readonly #scale: number
  #kernel: MergeKernel | undefined
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
    const factors = await this.#read(b, box.from, box.to)
    this.#kernel ??= new MergeKernel(rank)
    const parts = { rank, b: factors, a, length: rowLength(tensor.shape), column: box.column }
    this.#kernel.merge(into, box.to - box.from, box.columns, tensor.dtype, this.#scale, parts)
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
