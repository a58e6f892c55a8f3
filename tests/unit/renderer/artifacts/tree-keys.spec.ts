import { describe, expect, it } from 'vitest'
import { treeMove } from '@/features/artifacts/checkpoint/tree-keys.ts'
import { tensorTree, visibleRows } from '@/features/artifacts/tensor-tree.ts'

const tensor = (name: string) => ({ name, shape: [2], dtype: 'bf16', bytes: 4, file: 'x', offset: 0 })
const tree = tensorTree(['a.x.1', 'a.x.2', 'a.y.1', 'a.y.2', 'b'].map(tensor))
/** a, a/x, a/x/1, a/x/2, a/y, b */
const open = new Set(['a', 'a/x'])
const rows = visibleRows(tree, open, '')
const press = (key: string, row: number) => treeMove(key, rows, row, (node) => open.has(node.key), 3)

describe('keys of the tree', () => {
  it('move by row, by page and to the ends, and stay inside', () => {
    expect(rows.map((row) => row.key)).toEqual(['a', 'a/x', 'a/x/1', 'a/x/2', 'a/y', 'b'])
    expect(press('ArrowDown', 0)).toEqual({ kind: 'to', row: 1 })
    expect(press('ArrowUp', 0)).toEqual({ kind: 'to', row: 0 })
    expect(press('PageDown', 4)).toEqual({ kind: 'to', row: 5 })
    expect(press('PageUp', 4)).toEqual({ kind: 'to', row: 1 })
    expect(press('End', 0)).toEqual({ kind: 'to', row: 5 })
    expect(press('Home', 4)).toEqual({ kind: 'to', row: 0 })
  })

  it('open and enter folders to the right, close and leave them to the left', () => {
    expect(press('ArrowRight', 4)).toEqual({ kind: 'toggle', key: 'a/y' })
    expect(press('ArrowRight', 1)).toEqual({ kind: 'to', row: 2 })
    expect(press('ArrowRight', 2)).toBeNull()
    expect(press('ArrowLeft', 3)).toEqual({ kind: 'to', row: 1 })
    expect(press('ArrowLeft', 1)).toEqual({ kind: 'toggle', key: 'a/x' })
    expect(press('ArrowLeft', 4)).toEqual({ kind: 'to', row: 0 })
  })

  it('choose tensors, and leave other keys alone', () => {
    expect(press('Enter', 2)).toEqual({ kind: 'choose', row: 2 })
    expect(press(' ', 4)).toEqual({ kind: 'toggle', key: 'a/y' })
    expect(press('q', 2)).toBeNull()
    expect(treeMove('Enter', [], 0, () => false, 3)).toBeNull()
  })
})
