import { AppError } from '../../protocol/errors/index.ts'
import type { ModelShape } from '../../protocol/passport.ts'
import type { Box } from '../box.ts'
import { castInto } from '../casts.ts'
import type { CanonicalTensor, TensorSource } from '../checkpoint.ts'
import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { readStoredRows, rowLength, type StoredTensor } from '../formats/stored-tensor.ts'
import type { RecipeBook, SourceRecipe } from './recipe.ts'
import { ScratchPool } from './scratch.ts'

/** Rows read at a time when a whole tensor is asked for. */
const CHUNK_BYTES = 8 * 1024 * 1024
/** Whole rows that are held while some of their columns are taken. */
const SCRATCH_BYTES = 2 * 1024 * 1024

/** Part of a canonical tensor and where it is stored. */
export interface Span {
  readonly row: number
  readonly rows: number
  readonly column: number
  readonly columns: number
  readonly stored: StoredTensor
  readonly storedRow: number
}

/** Canonical tensors assembled from stored ones, through the layout of the files. */
export class AssembledSource implements TensorSource {
  readonly model: ModelShape
  readonly tensors: ReadonlyMap<string, CanonicalTensor>
  readonly #path: string
  readonly #spans: ReadonlyMap<string, readonly Span[]>
  readonly #scratch = new ScratchPool()

  constructor(
    path: string,
    model: ModelShape,
    tensors: ReadonlyMap<string, CanonicalTensor>,
    spans: ReadonlyMap<string, readonly Span[]>,
  ) {
    this.#path = path
    this.model = model
    this.tensors = tensors
    this.#spans = spans
  }

  async readRows(name: string, from: number, to: number): Promise<Uint8Array> {
    const { shape, dtype } = this.#tensor(name)
    const bytes = new Uint8Array((to - from) * rowLength(shape) * dtypeBytes[dtype])
    await this.readRowsInto(name, from, to, bytes)
    return bytes
  }

  readRowsInto(name: string, from: number, to: number, into: Uint8Array): Promise<void> {
    return this.readBoxInto(name, { from, to, column: 0, columns: rowLength(this.#tensor(name).shape) }, into)
  }

  async readBoxInto(name: string, box: Box, into: Uint8Array): Promise<void> {
    const size = dtypeBytes[this.#tensor(name).dtype]
    for (const span of this.#spans.get(name) ?? []) {
      const begin = Math.max(box.from, span.row)
      const end = Math.min(box.to, span.row + span.rows)
      const column = Math.max(box.column, span.column)
      const columns = Math.min(box.column + box.columns, span.column + span.columns) - column
      if (begin >= end || columns <= 0) continue
      const part = into.subarray((begin - box.from) * box.columns * size, (end - box.from) * box.columns * size)
      const storedFrom = span.storedRow + begin - span.row
      const storedTo = storedFrom + end - begin
      if (columns === span.columns && columns === box.columns) {
        await readStoredRows(span.stored, storedFrom, storedTo, part)
      } else {
        const copy = { from: (column - span.column) * size, to: (column - box.column) * size, width: columns * size }
        await this.#readColumns(span, storedFrom, storedTo, copy, part, box.columns * size)
      }
    }
  }

  /** Whole stored rows, of which `copy.width` bytes go to their place in each row of `into`. */
  async #readColumns(
    { stored, columns }: Span,
    from: number,
    to: number,
    copy: { readonly from: number; readonly to: number; readonly width: number },
    into: Uint8Array,
    rowBytes: number,
  ): Promise<void> {
    const storedBytes = columns * dtypeBytes[stored.dtype]
    const step = Math.max(1, Math.floor(SCRATCH_BYTES / storedBytes))
    const scratch = this.#scratch.take(Math.min(step, to - from) * storedBytes)
    for (let row = from; row < to; row += step) {
      const rows = Math.min(step, to - row)
      await readStoredRows(stored, row, row + rows, scratch.bytes.subarray(0, rows * storedBytes))
      let at = (row - from) * rowBytes + copy.to
      for (let source = copy.from; source < rows * storedBytes; source += storedBytes) {
        scratch.bytes.copy(into, at, source, source + copy.width)
        at += rowBytes
      }
    }
    this.#scratch.give(scratch)
  }

  /** The whole tensor as fp32, row-major. */
  async readFloat32(name: string): Promise<Float32Array> {
    const { shape, dtype } = this.#tensor(name)
    const values = new Float32Array(elementCount(shape))
    const bytes = new Uint8Array(values.buffer)
    const rows = shape[0] ?? 1
    const length = rowLength(shape)
    if (dtype === 'fp32') {
      await this.readRowsInto(name, 0, rows, bytes)
      return values
    }
    const rowsPerChunk = Math.max(1, Math.floor(CHUNK_BYTES / (length * dtypeBytes[dtype])))
    const chunk = new Uint8Array(Math.min(rows, rowsPerChunk) * length * dtypeBytes[dtype])
    for (let from = 0; from < rows; from += rowsPerChunk) {
      const to = Math.min(rows, from + rowsPerChunk)
      const part = chunk.subarray(0, (to - from) * length * dtypeBytes[dtype])
      await this.readRowsInto(name, from, to, part)
      castInto(part, dtype, bytes.subarray(from * length * 4, to * length * 4), 'fp32')
    }
    return values
  }

  recipe(book: RecipeBook): SourceRecipe {
    const spans = new Map(
      [...this.#spans].map(([name, parts]) => [
        name,
        parts.map((span) => ({ ...span, stored: { ...span.stored, file: book.lend(span.stored.file) } })),
      ]),
    )
    return { kind: 'assembled', path: this.#path, model: this.model, tensors: this.tensors, spans }
  }

  #tensor(name: string): CanonicalTensor {
    const tensor = this.tensors.get(name)
    if (tensor === undefined) throw new AppError('checkpoint.tensorMissing', { path: this.#path, tensor: name })
    return tensor
  }
}
