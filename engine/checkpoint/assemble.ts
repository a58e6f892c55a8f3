import type { Finding } from '../protocol/plan.ts'
import type { ModelShape } from '../protocol/passport.ts'
import type { CanonicalTensor } from './checkpoint.ts'
import { elementCount, isWeightDtype } from './formats/dtypes.ts'
import type { StoredTensor } from './formats/stored-tensor.ts'
import { canonicalNames, canonicalShape } from './layouts/description.ts'
import { matchesPattern } from './layouts/name-pattern.ts'
import type { PlannedEntry } from './layouts/plan.ts'
import { misshapenTensor, missingTensor, unexpectedTensor, wrongDtype } from './problems.ts'
import { AssembledSource, type Span } from './sources/assembled.ts'

/** What one file holds and what the layout expects in it. */
export interface FileContent {
  readonly path: string
  readonly expected: readonly PlannedEntry[]
  readonly stored: readonly StoredTensor[]
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
