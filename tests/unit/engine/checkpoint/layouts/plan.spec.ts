import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { llama2 } from '../../../../../engine/checkpoint/layouts/families/llama2.ts'
import { mcore } from '../../../../../engine/checkpoint/layouts/mcore.ts'
import { evenStages, unevenStages, virtualStages } from '../../../../../engine/checkpoint/layouts/pipeline.ts'
import { paddedVocabulary, planEntries, type PlannedEntry } from '../../../../../engine/checkpoint/layouts/plan.ts'
import type { ModelShape } from '../../../../../engine/protocol/passport.ts'
import { syntheticModel } from '../../../../fixtures/checkpoint/synthetic.ts'

const gqa = syntheticModel({ layers: 2, hidden: 24, ffn: 12, heads: 6, kvGroups: 2, vocab: 10 })

function plan(model: ModelShape, tp: number, rank: number, vocab = model.vocab): Map<string, PlannedEntry> {
  const chunks = evenStages(model.layers, 1)
  return new Map(
    chunks.flatMap((chunk) => planEntries(mcore, model, { tp, chunks, vocab }, chunk, rank)).map((e) => [e.name, e]),
  )
}

/** Where each stored row comes from, as `tensor:row`. */
const rowsOf = (entry: PlannedEntry): string[] =>
  entry.segments.flatMap(({ tensor, row, rows, repeated }) =>
    Array.from({ length: rows }, (_, index) => `${tensor}:${repeated === true ? row : row + index}`),
  )

const qkvName = 'decoder.layers.0.self_attention.linear_qkv.weight'
const fc1Name = 'decoder.layers.0.mlp.linear_fc1.weight'

describe('planEntries', () => {
  it('packs QKV by group: the query heads of the group, its key head, its value head', () => {
    const { headDim: d } = gqa
    const perGroup = gqa.heads / gqa.kvGroups
    const rows = rowsOf(plan(gqa, 1, 0).get(qkvName)!)
    expect(rows).toHaveLength((gqa.heads + 2 * gqa.kvGroups) * d)
    for (let g = 0; g < gqa.kvGroups; g++) {
      for (let c = 0; c < d; c++) {
        for (let i = 0; i < perGroup; i++) {
          expect(rows[(g * (perGroup + 2) + i) * d + c]).toBe(`layers.0.q:${(g * perGroup + i) * d + c}`)
        }
        expect(rows[(g * (perGroup + 2) + perGroup) * d + c]).toBe(`layers.0.k:${g * d + c}`)
        expect(rows[(g * (perGroup + 2) + perGroup + 1) * d + c]).toBe(`layers.0.v:${g * d + c}`)
      }
    }
  })

  it('gives each rank its shard of gate, then its shard of up', () => {
    expect(rowsOf(plan(gqa, 2, 1).get(fc1Name)!)).toEqual([
      ...[6, 7, 8, 9, 10, 11].map((row) => `layers.0.gate:${row}`),
      ...[6, 7, 8, 9, 10, 11].map((row) => `layers.0.up:${row}`),
    ])
  })

  it('splits projections back into the hidden size by columns', () => {
    const { shape, segments } = plan(gqa, 2, 1).get('decoder.layers.1.mlp.linear_fc2.weight')!
    expect(shape).toEqual([24, 6])
    expect(segments).toEqual([{ tensor: 'layers.1.down', row: 0, rows: 24, column: 6, columns: 6 }])
  })

  it('pads the vocabulary with the last row, in the embedding and in the output', () => {
    for (const name of ['embedding.word_embeddings.weight', 'output_layer.weight']) {
      const entry = plan(gqa, 2, 1, 16).get(name)!
      const tensor = name.startsWith('embedding') ? 'embedding' : 'output'
      expect(rowsOf(entry)).toEqual([8, 9, 9, 9, 9, 9, 9, 9].map((row) => `${tensor}:${row}`))
    }
    expect(paddedVocabulary(10, 8, 2)).toBe(16)
    expect(paddedVocabulary(32000, 1, 8)).toBe(32000)
  })

  it('stores a tied output only where the last stage is not the first', () => {
    const tied = { ...gqa, tiedEmbeddings: true }
    expect(plan(tied, 1, 0).has('output_layer.weight')).toBe(false)
    const chunks = evenStages(2, 2)
    const last = planEntries(mcore, tied, { tp: 1, chunks, vocab: 10 }, chunks[1]!, 0)
    expect(last.find(({ name }) => name === 'output_layer.weight')?.segments[0]?.tensor).toBe('embedding')
    const hf = planEntries(
      llama2.layouts.hf,
      tied,
      { tp: 1, chunks: evenStages(2, 1), vocab: 10 },
      evenStages(2, 1)[0]!,
      0,
    )
    expect(hf.map(({ name }) => name)).not.toContain('lm_head.weight')
  })

  it('packs biases like the weights, and only where there are some', () => {
    const name = 'decoder.layers.0.self_attention.linear_qkv.bias'
    expect(plan(gqa, 1, 0).has(name)).toBe(false)
    const biased = plan({ ...gqa, qkvBias: true }, 1, 0)
    expect(biased.get(name)!.shape).toEqual([40])
    const withoutBias = (row: string): string => row.replace('.bias', '')
    expect(rowsOf(biased.get(name)!).map(withoutBias)).toEqual(rowsOf(biased.get(qkvName)!))
  })

  it('numbers layers from 0 in every stage', () => {
    const chunks = evenStages(4, 2)
    const model = { ...gqa, layers: 4 }
    const second = planEntries(mcore, model, { tp: 1, chunks, vocab: 10 }, chunks[1]!, 0)
    const norm = second.find(({ name }) => name === 'decoder.layers.0.input_layernorm.weight')
    expect(norm?.segments[0]?.tensor).toBe('layers.2.inputNorm')
  })

  it('covers every element of every tensor exactly once over all ranks and stages', () => {
    const shapes = fc.record({
      groups: fc.constantFrom(1, 2, 4, 8),
      perGroup: fc.integer({ min: 1, max: 3 }),
      headDim: fc.constantFrom(2, 4),
      tpExponent: fc.integer({ min: 0, max: 3 }),
      ffnUnits: fc.integer({ min: 1, max: 3 }),
      layers: fc.constantFrom(2, 4),
      pp: fc.constantFrom(1, 2),
      vocab: fc.integer({ min: 3, max: 40 }),
      qkvBias: fc.boolean(),
      tiedEmbeddings: fc.boolean(),
    })
    fc.assert(
      fc.property(shapes, ({ groups, perGroup, headDim, tpExponent, ffnUnits, pp, ...rest }) => {
        const tp = Math.min(2 ** tpExponent, groups)
        const heads = groups * perGroup
        const hidden = heads * headDim
        const model = syntheticModel({ ...rest, heads, kvGroups: groups, headDim, hidden, ffn: ffnUnits * tp })
        const chunks = evenStages(model.layers, pp)
        const placement = { tp, chunks, vocab: paddedVocabulary(model.vocab, 4, tp) }
        const seen = new Map<string, number>()
        for (const chunk of chunks) {
          for (let rank = 0; rank < tp; rank++) {
            for (const { name, segments, shape } of planEntries(mcore, model, placement, chunk, rank)) {
              if (segments.length === 0) continue
              expect(segments.reduce((sum, { rows }) => sum + rows, 0)).toBe(shape[0])
              const isTiedCopy = name === 'output_layer.weight' && segments[0]!.tensor === 'embedding'
              if (isTiedCopy) continue
              for (const { tensor, rows, columns, repeated } of segments) {
                if (repeated !== true) seen.set(tensor, (seen.get(tensor) ?? 0) + rows * columns)
              }
            }
          }
        }
        expect(seen.get('layers.0.q')).toBe(hidden * hidden)
        expect(seen.get('layers.1.k')).toBe(groups * headDim * hidden)
        expect(seen.get('layers.1.gate')).toBe(model.ffn * hidden)
        expect(seen.get('layers.0.down')).toBe(model.ffn * hidden)
        expect(seen.get('embedding')).toBe(model.vocab * hidden)
        expect(seen.get('output')).toBe(model.tiedEmbeddings ? undefined : model.vocab * hidden)
        expect(seen.get('layers.0.v.bias')).toBe(model.qkvBias ? groups * headDim : undefined)
      }),
      { seed: 11, numRuns: 150 },
    )
  }, 30_000)
})

describe('pipeline stages', () => {
  it('are equal, or as listed', () => {
    expect(evenStages(4, 2).map(({ layers }) => layers)).toEqual([
      [0, 1],
      [2, 3],
    ])
    expect(unevenStages([3, 1]).map(({ layers }) => layers)).toEqual([[0, 1, 2], [3]])
  })

  it('deal out virtual chunks in turn', () => {
    const chunks = virtualStages(16, 4, 2)
    expect(chunks.filter(({ stage }) => stage === 0).map(({ layers }) => layers)).toEqual([
      [0, 1],
      [8, 9],
    ])
    expect(chunks.filter(({ isFirst }) => isFirst)).toHaveLength(1)
    expect(chunks.find(({ isLast }) => isLast)).toMatchObject({ stage: 3, chunk: 1, layers: [14, 15] })
  })
})
