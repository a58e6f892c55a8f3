import type { Dtype } from '../../protocol/passport.ts'
import type { Box } from '../box.ts'
import type { CanonicalTensor } from '../checkpoint.ts'
import { dtypeBytes } from '../formats/dtypes.ts'
import { rowLength } from '../formats/stored-tensor.ts'
import type { PlannedEntry, Segment } from '../layouts/plan.ts'

/** Receives the tensors of one file in order. What it is given may change once a write is done. */
export interface TensorSink {
  begin(bytes: number): Promise<void>
  write(bytes: Uint8Array): Promise<void>
  /** Rows of `width` bytes that lie `stride` bytes apart; files that share columns have it. */
  writeColumns?(bytes: Buffer, at: number, width: number, stride: number, rows: number): Promise<void>
  end(): Promise<void>
}

/** A box of a canonical tensor and where it goes in the buffer of its step, in elements. */
export interface Piece {
  readonly tensor: CanonicalTensor
  readonly box: Box
  readonly at: number
  readonly elements: number
}

/** What is read at once, of one dtype, and which columns of it each file gets. */
export interface CopyStep {
  readonly dtype: Dtype
  readonly pieces: readonly Piece[]
  readonly elements: number
  readonly columns: number
  readonly shares: readonly { readonly sink: TensorSink; readonly column: number; readonly columns: number }[]
  /** How often the content is written: rows of padding are all the same. */
  readonly times: number
}

/** One entry for each file that has it. */
export interface EntryPart {
  readonly entry: PlannedEntry
  readonly sink: TensorSink
}

type Find = (name: string) => CanonicalTensor

/** Cuts the copying of entries into steps that fit a buffer. */
export class StepPlanner {
  readonly #find: Find
  readonly #dtype: Dtype
  readonly #bufferBytes: number

  /** @param dtype of the target: a step fits before and after the cast */
  constructor(find: Find, dtype: Dtype, bufferBytes: number) {
    this.#find = find
    this.#dtype = dtype
    this.#bufferBytes = bufferBytes
  }

  /** Parts that share the rows of a matrix by columns are read at once, others one after the other. */
  *steps(parts: readonly EntryPart[]): Generator<CopyStep> {
    if (parts.length > 1 && this.#isSplitByColumns(parts)) yield* this.#columnSteps(parts)
    else for (const part of parts) yield* this.#rowSteps(part)
  }

  #isSplitByColumns(parts: readonly EntryPart[]): boolean {
    const [first, second] = parts.map(({ entry }) => entry.segments[0])
    return first !== undefined && second !== undefined && first.column !== second.column
  }

  /** Boxes of canonical tensors, one below the other. */
  *#rowSteps({ entry, sink }: EntryPart): Generator<CopyStep> {
    const shares = [{ sink, column: 0, columns: 1 }]
    let pieces: Piece[] = []
    let elements = 0
    const take = function* (): Generator<CopyStep> {
      const [first] = pieces
      if (first !== undefined) yield { dtype: first.tensor.dtype, pieces, elements, columns: 1, shares, times: 1 }
      pieces = []
      elements = 0
    }
    for (const segment of entry.segments) {
      const tensor = this.#find(segment.tensor)
      const columns = columnsOf(segment, tensor)
      const { column, repeated } = segment
      if (repeated === true) {
        yield* take()
        const box = { from: segment.row, to: segment.row + 1, column, columns }
        const only = [{ tensor, box, at: 0, elements: columns }]
        yield { dtype: tensor.dtype, pieces: only, elements: columns, columns: 1, shares, times: segment.rows }
        continue
      }
      const capacity = this.#capacity(tensor)
      for (let row = 0; row < segment.rows;) {
        const isOther = pieces[0] !== undefined && pieces[0].tensor.dtype !== tensor.dtype
        if (isOther || elements + columns > capacity) yield* take()
        const rows = Math.min(Math.max(1, Math.floor((capacity - elements) / columns)), segment.rows - row)
        const from = segment.row + row
        pieces.push({ tensor, box: { from, to: from + rows, column, columns }, at: elements, elements: rows * columns })
        elements += rows * columns
        row += rows
      }
    }
    yield* take()
  }

  /** The same rows for every file, each a different range of columns: read once, dealt out. */
  *#columnSteps(parts: readonly EntryPart[]): Generator<CopyStep> {
    for (const [index, { tensor: name, row: start, rows: total }] of (parts[0]?.entry.segments ?? []).entries()) {
      const tensor = this.#find(name)
      const segments = parts.map(({ entry }) => entry.segments[index] as Segment)
      const column = Math.min(...segments.map((segment) => segment.column))
      const columns = Math.max(...segments.map((segment) => segment.column + segment.columns)) - column
      const shares = parts.map(({ sink }, part) => {
        const segment = segments[part] as Segment
        return { sink, column: segment.column - column, columns: segment.columns }
      })
      const fitting = Math.max(1, Math.floor(this.#capacity(tensor) / columns))
      for (let row = 0; row < total; row += fitting) {
        const rows = Math.min(fitting, total - row)
        const from = start + row
        const elements = rows * columns
        const pieces = [{ tensor, box: { from, to: from + rows, column, columns }, at: 0, elements }]
        yield { dtype: tensor.dtype, pieces, elements, columns, shares, times: 1 }
      }
    }
  }

  #capacity(tensor: CanonicalTensor): number {
    return Math.floor(this.#bufferBytes / Math.max(dtypeBytes[tensor.dtype], dtypeBytes[this.#dtype]))
  }
}

/** Of tensors with one or more than two dimensions, rows are taken whole. */
const columnsOf = (segment: Segment, { shape }: CanonicalTensor): number =>
  shape.length === 2 ? segment.columns : rowLength(shape)
