import type { TensorSource } from './checkpoint.ts'
import { dtypeBytes } from './formats/dtypes.ts'
import { rowLength } from './formats/stored-tensor.ts'

/** Rows [from, to) and columns [column, column + columns) of a tensor; a vector has one column. */
export interface Box {
  readonly from: number
  readonly to: number
  readonly column: number
  readonly columns: number
}

/** Rows of a source into given memory, whichever way the source offers. */
export async function readRowsInto(
  source: TensorSource,
  name: string,
  from: number,
  to: number,
  into: Uint8Array,
): Promise<void> {
  if (source.readRowsInto !== undefined) await source.readRowsInto(name, from, to, into)
  else if (source.readBoxInto !== undefined) {
    const columns = rowLength(source.tensors.get(name)?.shape ?? [])
    await source.readBoxInto(name, { from, to, column: 0, columns }, into)
  } else into.set(await source.readRows(name, from, to))
}

/** A box of a source, row-major, into given memory, whichever way the source offers. */
export async function readBoxInto(source: TensorSource, name: string, box: Box, into: Uint8Array): Promise<void> {
  if (source.readBoxInto !== undefined) return source.readBoxInto(name, box, into)
  const tensor = source.tensors.get(name)
  if (tensor === undefined) throw new Error(`no tensor ${name}`)
  const length = rowLength(tensor.shape)
  if (box.columns === length) return readRowsInto(source, name, box.from, box.to, into)
  const size = dtypeBytes[tensor.dtype]
  const rows = Buffer.from(new ArrayBuffer((box.to - box.from) * length * size))
  await readRowsInto(source, name, box.from, box.to, rows)
  const width = box.columns * size
  let from = box.column * size
  for (let at = 0; at < (box.to - box.from) * width; at += width) {
    rows.copy(into, at, from, from + width)
    from += length * size
  }
}
