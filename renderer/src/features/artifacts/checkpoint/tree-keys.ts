import type { TensorNode } from '../tensor-tree.ts'

/** What a key does to a tree: another row is the current one, a row opens or closes, or the current one is chosen. */
export type TreeMove =
  | { readonly kind: 'to'; readonly row: number }
  | { readonly kind: 'toggle'; readonly key: string }
  | { readonly kind: 'choose'; readonly row: number }

/**
 * Keys of a tree as the ARIA practices have them: arrows move, open and close, Enter and the space bar choose.
 *
 * @param isOpen whether the children of a row are among the rows
 * @param page rows that fit on the screen
 * @returns null for keys that are not the tree's
 */
export function treeMove(
  key: string,
  rows: readonly TensorNode[],
  row: number,
  isOpen: (node: TensorNode) => boolean,
  page: number,
): TreeMove | null {
  const node = rows[row]
  if (!node) return null
  const isFolder = node.children.length > 0
  const to = (target: number): TreeMove => ({ kind: 'to', row: Math.min(rows.length - 1, Math.max(0, target)) })
  switch (key) {
    case 'ArrowDown':
      return to(row + 1)
    case 'ArrowUp':
      return to(row - 1)
    case 'PageDown':
      return to(row + page)
    case 'PageUp':
      return to(row - page)
    case 'Home':
      return to(0)
    case 'End':
      return to(rows.length - 1)
    case 'ArrowRight':
      if (!isFolder) return null
      return isOpen(node) ? to(row + 1) : { kind: 'toggle', key: node.key }
    case 'ArrowLeft':
      if (isFolder && isOpen(node)) return { kind: 'toggle', key: node.key }
      return to(rows.findLastIndex((other, at) => at < row && other.depth < node.depth))
    case 'Enter':
    case ' ':
      return isFolder ? { kind: 'toggle', key: node.key } : { kind: 'choose', row }
    default:
      return null
  }
}
