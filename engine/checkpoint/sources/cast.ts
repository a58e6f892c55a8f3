import type { Dtype, ModelShape } from '../../protocol/passport.ts'
import { readBoxInto, type Box } from '../box.ts'
import { castInto } from '../casts.ts'
import type { CanonicalTensor, TensorSource } from '../checkpoint.ts'
import { dtypeBytes } from '../formats/dtypes.ts'
import { rowLength } from '../formats/stored-tensor.ts'
import type { RecipeBook, SourceRecipe } from './recipe.ts'
import { ScratchPool } from './scratch.ts'

/** A source whose tensors are computed from another one's, rows by rows. */
export abstract class DerivedSource implements TensorSource {
  abstract readonly model: ModelShape
  abstract readonly tensors: ReadonlyMap<string, CanonicalTensor>
  abstract readBoxInto(name: string, box: Box, into: Uint8Array): Promise<void>

  readRowsInto(name: string, from: number, to: number, into: Uint8Array): Promise<void> {
    const columns = rowLength(this.tensors.get(name)?.shape ?? [])
    return this.readBoxInto(name, { from, to, column: 0, columns }, into)
  }

  async readRows(name: string, from: number, to: number): Promise<Uint8Array> {
    const tensor = this.tensors.get(name)
    if (tensor === undefined) throw new Error(`no tensor ${name}`)
    const bytes = new Uint8Array((to - from) * rowLength(tensor.shape) * dtypeBytes[tensor.dtype])
    await this.readRowsInto(name, from, to, bytes)
    return bytes
  }
}

/** All tensors in one dtype; finite values that become infinite are counted by tensor. */
export class CastSource extends DerivedSource {
  readonly model: ModelShape
  readonly tensors: ReadonlyMap<string, CanonicalTensor>
  readonly #source: TensorSource
  readonly #dtype: Dtype
  readonly #overflows: Map<string, number>
  readonly #scratch = new ScratchPool()

  constructor(source: TensorSource, dtype: Dtype, overflows: Map<string, number>) {
    super()
    this.model = source.model
    this.tensors = new Map([...source.tensors].map(([name, tensor]) => [name, { ...tensor, dtype }]))
    this.#source = source
    this.#dtype = dtype
    this.#overflows = overflows
  }

  async readBoxInto(name: string, box: Box, into: Uint8Array): Promise<void> {
    const tensor = this.#source.tensors.get(name)
    if (tensor === undefined || tensor.dtype === this.#dtype) return readBoxInto(this.#source, name, box, into)
    const scratch = this.#scratch.take((box.to - box.from) * box.columns * dtypeBytes[tensor.dtype])
    await readBoxInto(this.#source, name, box, scratch.bytes)
    const overflowed = castInto(scratch.bytes, tensor.dtype, into, this.#dtype)
    this.#scratch.give(scratch)
    if (overflowed > 0) this.#overflows.set(name, (this.#overflows.get(name) ?? 0) + overflowed)
  }

  recipe(book: RecipeBook): SourceRecipe | undefined {
    const source = this.#source.recipe?.(book)
    const overflows = book.count(this.#overflows)
    return source === undefined ? undefined : { kind: 'cast', source, dtype: this.#dtype, overflows }
  }
}

/** The first rows of the vocabulary only: what a model without padding has of it; `model` describes the result. */
export function cutVocabulary(
  source: TensorSource,
  vocab: number,
  model: ModelShape = { ...source.model, vocab },
): TensorSource {
  const tensors = new Map(source.tensors)
  for (const name of ['embedding', 'output']) {
    const tensor = tensors.get(name)
    if (tensor !== undefined) tensors.set(name, { ...tensor, shape: [vocab, ...tensor.shape.slice(1)] })
  }
  return {
    model,
    tensors,
    readRows: (name, from, to) => source.readRows(name, from, to),
    readBoxInto: (name, box, into) => readBoxInto(source, name, box, into),
    recipe: (book) => {
      const whole = source.recipe?.(book)
      return whole === undefined ? undefined : { kind: 'cut', source: whole, vocab, model }
    },
  }
}
