import type { RowBlock } from './blocks.ts'

/** The first rows of blocks, as many as `limit`; what follows is not read. Without a limit, all of them. */
export async function* firstRows(
  blocks: AsyncIterable<RowBlock>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<RowBlock, void, undefined> {
  let left = limit
  for await (const block of blocks) {
    const rows = block.kind === 'text' ? block.ends.length : block.rows.length
    if (rows <= left) yield block
    else yield startOf(block, left)
    left -= rows
    if (left <= 0) return
  }
}

function startOf(block: RowBlock, rows: number): RowBlock {
  if (block.kind === 'rows') return { kind: 'rows', rows: block.rows.slice(0, rows) }
  const { ends, lines, starts } = block
  return { ...block, ends: ends.slice(0, rows), lines: lines.slice(0, rows), starts: starts.slice(0, rows) }
}
