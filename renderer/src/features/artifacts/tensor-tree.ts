import type { TensorInfo } from '#engine/protocol/index.ts'

export interface TensorNode {
  /** Path from the root; unique. */
  readonly key: string
  readonly label: string
  readonly depth: number
  readonly bytes: number
  readonly tensorCount: number
  readonly children: readonly TensorNode[]
  /** Set on leaves. */
  readonly tensor: TensorInfo | null
}

interface Draft {
  readonly label: string
  readonly children: Map<string, Draft>
  tensor: TensorInfo | null
}

const draft = (label: string): Draft => ({ label, children: new Map(), tensor: null })

/** Layer 10 after layer 9: numbers by value, the rest by name. */
const collator = new Intl.Collator('en', { numeric: true })

/**
 * Tensors by the dotted parts of their names. The same name in several files (ranks of a sharded checkpoint) puts the
 * files at the top of the tree. A folder with one child folder is drawn as one row, `model.layers`.
 */
export function tensorTree(tensors: readonly TensorInfo[]): TensorNode[] {
  const shortName = shortNames(tensors.map((tensor) => tensor.file))
  const byFile = new Set(tensors.map((tensor) => tensor.name)).size < tensors.length
  const root = draft('')
  for (const tensor of tensors) {
    const parts = [...(byFile ? [shortName(tensor.file)] : []), ...tensor.name.split('.')]
    let at = root
    for (const part of parts) {
      let next = at.children.get(part)
      if (!next) at.children.set(part, (next = draft(part)))
      at = next
    }
    at.tensor = tensor
  }
  return finish(root, '', 0)
}

/** File names without the folders and last parts that all of them share: `mp_rank_00_001` says it all. */
function shortNames(files: readonly string[]): (file: string) => string {
  const paths = [...new Set(files)].map((file) => file.split('/'))
  const first = paths[0] ?? []
  const isShared = (at: number) => paths.every((path) => path.length === first.length && path[at] === first[at])
  const kept = first.map((_, at) => at).filter((at) => !isShared(at))
  if (kept.length === 0) return (file) => file
  const [from, to] = [Math.min(...kept), Math.max(...kept)]
  return (file) =>
    file
      .split('/')
      .slice(from, to + 1)
      .join('/')
}

function finish(parent: Draft, prefix: string, depth: number): TensorNode[] {
  return [...parent.children.values()]
    .sort((a, b) => collator.compare(a.label, b.label))
    .map((child) => {
      let node = child
      let label = child.label
      while (node.tensor === null && node.children.size === 1) {
        const [only] = node.children.values()
        if (!only) break
        label = `${label}.${only.label}`
        node = only
      }
      const key = prefix === '' ? label : `${prefix}/${label}`
      const children = finish(node, key, depth + 1)
      return {
        key,
        label,
        depth,
        bytes: children.reduce((sum, item) => sum + item.bytes, node.tensor?.bytes ?? 0),
        tensorCount: children.reduce((sum, item) => sum + item.tensorCount, node.tensor ? 1 : 0),
        children,
        tensor: node.tensor,
      }
    })
}

/**
 * The rows on screen: children of expanded nodes; while something is searched for, every path that leads to a tensor with
 * all the words in its name, shape, dtype or file.
 */
export function visibleRows(nodes: readonly TensorNode[], expanded: ReadonlySet<string>, query: string): TensorNode[] {
  const wanted = query.trim().toLowerCase()
  const rows: TensorNode[] = []
  const words = wanted.split(/\s+/)
  const matches = ({ tensor }: TensorNode): boolean => {
    if (tensor === null) return false
    const text = `${tensor.name} ${tensor.dtype} ${tensor.file} ${shapeText(tensor.shape)} ${tensor.shape.join('x')}`
    return words.every((word) => text.toLowerCase().includes(word))
  }
  const visit = (list: readonly TensorNode[]): boolean => {
    let anyHit = false
    for (const node of list) {
      const at = rows.length
      rows.push(node)
      const below = wanted !== '' || expanded.has(node.key) ? visit(node.children) : false
      if (wanted !== '' && !below && !matches(node)) rows.length = at
      else anyHit = true
    }
    return anyHit
  }
  visit(nodes)
  return rows
}

/** `4096 × 11008`; a scalar has no axes. */
export const shapeText = (shape: readonly number[]): string => (shape.length === 0 ? 'scalar' : shape.join(' × '))
