import { describe, expect, it } from 'vitest'
import { shapeText, tensorTree, visibleRows } from '@/features/artifacts/tensor-tree.ts'

const tensor = (name: string, file = 'model.safetensors') => ({
  name,
  shape: [2, 3],
  dtype: 'bf16',
  bytes: 12,
  file,
  offset: 0,
})

const hf = [
  tensor('model.embed_tokens.weight'),
  ...[0, 1, 2, 10].flatMap((n) => [tensor(`model.layers.${n}.mlp.up.weight`), tensor(`model.layers.${n}.norm.weight`)]),
  tensor('lm_head.weight'),
]

describe('tensorTree', () => {
  it('groups by name, layers in order, lone branches as one row', () => {
    const [head, model] = tensorTree(hf)
    expect(head).toMatchObject({ label: 'lm_head.weight', tensorCount: 1 })
    expect(model).toMatchObject({ label: 'model', tensorCount: 9, bytes: 108 })
    expect(model?.children[1]?.children.map((child) => child.label)).toEqual(['0', '1', '2', '10'])
  })

  it('puts files on top when ranks hold the same names', () => {
    const tree = tensorTree([
      tensor('a.weight', 'mp_rank_00'),
      tensor('a.weight', 'mp_rank_01'),
      tensor('b', 'mp_rank_00'),
    ])
    expect(tree.map((node) => node.label)).toEqual(['mp_rank_00', 'mp_rank_01.a.weight'])
  })
})

describe('files of ranks', () => {
  it('are named by what differs between them', () => {
    const at = (rank: string) => `iter_0000001/${rank}/model_optim_rng.pt`
    const names = ['mp_rank_00_000', 'mp_rank_00_001'].map(at)
    const tree = tensorTree(names.flatMap((file) => [tensor('a', file), tensor('b', file)]))
    expect(tree.map((node) => node.label)).toEqual(['mp_rank_00_000', 'mp_rank_00_001'])
  })
})

describe('visibleRows', () => {
  const tree = tensorTree(hf)

  it('shows the children of expanded nodes', () => {
    expect(visibleRows(tree, new Set(), '').map((row) => row.label)).toEqual(['lm_head.weight', 'model'])
    expect(visibleRows(tree, new Set(['model']), '').map((row) => row.label)).toEqual([
      'lm_head.weight',
      'model',
      'embed_tokens.weight',
      'layers',
    ])
  })

  it('shows the ways to what is searched for', () => {
    expect(visibleRows(tree, new Set(), 'layers.10.norm').map((row) => row.label)).toEqual([
      'model',
      'layers',
      '10',
      'norm.weight',
    ])
    expect(visibleRows(tree, new Set(), 'nothing')).toEqual([])
  })
})

describe('shapeText', () => {
  it('writes axes with a cross', () => {
    expect(shapeText([4096, 11008])).toBe('4096 × 11008')
  })
})
