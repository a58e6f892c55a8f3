import { AppError } from '../protocol/errors/index.ts'
import type { Finding } from '../protocol/plan.ts'
import type { ModelShape } from '../protocol/passport.ts'
import type { CanonicalTensor, TensorSource } from './checkpoint.ts'
import { castInto } from './casts.ts'
import { dtypeBytes, elementCount, isWeightDtype } from './formats/dtypes.ts'
import { readStoredRows, rowLength, type StoredTensor } from './formats/stored-tensor.ts'
import { canonicalNames, canonicalShape } from './layouts/description.ts'
import { matchesPattern } from './layouts/name-pattern.ts'
import type { PlannedEntry } from './layouts/plan.ts'
import { misshapenTensor, missingTensor, unexpectedTensor, wrongDtype } from './problems.ts'

/** Rows read at a time when a whole tensor is asked for. */
const CHUNK_BYTES = 8 * 1024 * 1024

/** What one file holds and what the layout expects in it. */
export interface FileContent {
  readonly path: string
  readonly expected: readonly PlannedEntry[]
  readonly stored: readonly StoredTensor[]
}

/** Part of a canonical tensor and where it is stored. */
interface Span {
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

  async readRowsInto(name: string, from: number, to: number, into: Uint8Array): Promise<void> {
    const { shape, dtype } = this.#tensor(name)
    const rowBytes = rowLength(shape) * dtypeBytes[dtype]
    for (const span of this.#spans.get(name) ?? []) {
      const begin = Math.max(from, span.row)
      const end = Math.min(to, span.row + span.rows)
      if (begin >= end) continue
      const storedFrom = span.storedRow + begin - span.row
      const storedTo = storedFrom + end - begin
      const at = (begin - from) * rowBytes
      const spanBytes = span.columns * dtypeBytes[dtype]
      if (spanBytes === rowBytes) {
        await readStoredRows(span.stored, storedFrom, storedTo, into.subarray(at, at + (end - begin) * rowBytes))
        continue
      }
      const part = Buffer.allocUnsafe((end - begin) * spanBytes)
      await readStoredRows(span.stored, storedFrom, storedTo, part)
      const columnAt = at + span.column * dtypeBytes[dtype]
      for (let row = 0; row < end - begin; row++) {
        part.copy(into, columnAt + row * rowBytes, row * spanBytes, (row + 1) * spanBytes)
      }
    }
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

  #tensor(name: string): CanonicalTensor {
    const tensor = this.tensors.get(name)
    if (tensor === undefined) throw new AppError('checkpoint.tensorMissing', { path: this.#path, tensor: name })
    return tensor
  }
}

/**
 * Matches files with what the layout expects in them. Tensors that are missing, unexpected or of another shape become
 * problems; canonical tensors are those that are whole.
 */
export function assemble(
  path: string,
  model: ModelShape,
  files: readonly FileContent[],
  ignored: readonly string[],
  canonical: ReadonlyMap<string, readonly number[]> = shapesOf(model),
): { source: AssembledSource; problems: Finding[] } {
  const problems: Finding[] = []
  const spans = new Map<string, Span[]>()
  for (const file of files) {
    const stored = new Map(file.stored.map((tensor) => [tensor.name, tensor]))
    for (const entry of file.expected) {
      if (entry.segments.length === 0) continue
      const tensor = stored.get(entry.name)
      stored.delete(entry.name)
      const problem = checkEntry(entry, tensor, file.path)
      if (problem !== undefined) problems.push(problem)
      else if (tensor !== undefined) addSpans(spans, entry, tensor)
    }
    for (const name of stored.keys()) {
      if (!ignored.some((pattern) => matchesPattern(name, pattern))) problems.push(unexpectedTensor(file.path, name))
    }
  }
  const tensors = new Map<string, CanonicalTensor>()
  for (const [name, shape] of canonical) {
    const parts = spans.get(name) ?? []
    const dtype = parts[0]?.stored.dtype
    const covered = parts.reduce((sum, span) => sum + span.rows * span.columns, 0)
    if (dtype === undefined || !isWeightDtype(dtype) || covered !== elementCount(shape)) continue
    const mixed = parts.find((span) => span.stored.dtype !== dtype)
    if (mixed === undefined) tensors.set(name, { name, shape, dtype })
    else problems.push(wrongDtype(mixed.stored.file.path, mixed.stored.name, mixed.stored.dtype))
  }
  return { source: new AssembledSource(path, model, tensors, spans), problems }
}

const shapesOf = (model: ModelShape): ReadonlyMap<string, readonly number[]> =>
  new Map(canonicalNames(model).map((name) => [name, canonicalShape(model, name) ?? []]))

function checkEntry(entry: PlannedEntry, tensor: StoredTensor | undefined, path: string): Finding | undefined {
  if (tensor === undefined) return missingTensor(path, entry.name)
  if (tensor.shape.length !== entry.shape.length || tensor.shape.some((size, axis) => size !== entry.shape[axis])) {
    return misshapenTensor(path, entry.name, tensor.shape, entry.shape)
  }
  return isWeightDtype(tensor.dtype) ? undefined : wrongDtype(path, entry.name, tensor.dtype)
}

/** Copies that every rank holds, and tied copies, are the same part again: the first one counts. */
function addSpans(spans: Map<string, Span[]>, entry: PlannedEntry, stored: StoredTensor): void {
  let storedRow = 0
  for (const { tensor, row, rows, column, columns, repeated } of entry.segments) {
    if (repeated !== true) {
      const known = spans.get(tensor) ?? []
      if (!known.some((span) => span.row === row && span.column === column)) {
        known.push({ row, rows, column, columns, stored, storedRow })
        spans.set(tensor, known)
      }
    }
    storedRow += rows
  }
}
