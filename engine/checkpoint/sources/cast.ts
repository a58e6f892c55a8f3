import type { Dtype, ModelShape } from '../../protocol/passport.ts'
import { castInto } from '../casts.ts'
import type { CanonicalTensor, TensorSource } from '../checkpoint.ts'
import { dtypeBytes } from '../formats/dtypes.ts'
import { rowLength } from '../formats/stored-tensor.ts'
import { readRowsInto } from '../writing/tensor-stream.ts'

/** A source whose tensors are computed from another one's, rows by rows. */
export abstract class DerivedSource implements TensorSource {
  abstract readonly model: ModelShape
  abstract readonly tensors: ReadonlyMap<string, CanonicalTensor>
  abstract readRowsInto(name: string, from: number, to: number, into: Uint8Array): Promise<void>

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

  constructor(source: TensorSource, dtype: Dtype, overflows: Map<string, number>) {
    super()
    this.model = source.model
    this.tensors = new Map([...source.tensors].map(([name, tensor]) => [name, { ...tensor, dtype }]))
    this.#source = source
    this.#dtype = dtype
    this.#overflows = overflows
  }

  async readRowsInto(name: string, from: number, to: number, into: Uint8Array): Promise<void> {
    const tensor = this.#source.tensors.get(name)
    if (tensor === undefined || tensor.dtype === this.#dtype) {
      return readRowsInto(this.#source, name, from, to, into)
    }
    const raw = new Uint8Array((to - from) * rowLength(tensor.shape) * dtypeBytes[tensor.dtype])
    await readRowsInto(this.#source, name, from, to, raw)
    const overflowed = castInto(raw, tensor.dtype, into, this.#dtype)
    if (overflowed > 0) this.#overflows.set(name, (this.#overflows.get(name) ?? 0) + overflowed)
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
    readRowsInto: (name, from, to, into) => readRowsInto(source, name, from, to, into),
  }
}
