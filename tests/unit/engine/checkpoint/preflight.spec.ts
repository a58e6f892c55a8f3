import { describe, expect, it } from 'vitest'
import { shippedFamilies } from '../../../../engine/checkpoint/layouts/families/catalog.ts'
import { conversionFindings, type PlannedConversion } from '../../../../engine/checkpoint/preflight.ts'
import { syntheticModel } from '../../../fixtures/checkpoint/synthetic.ts'

const llama70 = syntheticModel({ layers: 80, hidden: 8192, ffn: 28_672, heads: 64, kvGroups: 8, vocab: 32_000 })
const planned: PlannedConversion = {
  model: llama70,
  family: shippedFamilies.get('llama2'),
  target: { layout: 'mcore', tp: 8, pp: 8 },
  from: 'bf16',
  to: 'bf16',
}
const codes = (change: Partial<PlannedConversion>): string[] =>
  conversionFindings({ ...planned, ...change }).map(({ level, code }) => `${level} ${code}`)

describe('conversionFindings', () => {
  it.each<[string, Partial<PlannedConversion>, string[]]>([
    ['what fits', {}, []],
    ['TP against groups', { target: { layout: 'legacy', tp: 16, pp: 1 } }, ['error checkpoint.tpGroups']],
    [
      'TP and PP at once',
      { target: { layout: 'mcore', tp: 3, pp: 7 } },
      ['error checkpoint.tpHeads', 'error checkpoint.tpGroups', 'error checkpoint.tpFfn', 'error checkpoint.ppLayers'],
    ],
    [
      'the sum of a layer list',
      { target: { layout: 'mcore', tp: 8, pp: 2, layerList: [40, 41] } },
      ['error checkpoint.layerListSum'],
    ],
    [
      'virtual stages',
      { target: { layout: 'mcore', tp: 8, pp: 8, layersPerVirtualStage: 3 } },
      ['error checkpoint.vppLayers'],
    ],
    ['a cast that may overflow', { to: 'fp16' }, ['warning checkpoint.narrowing']],
    ['a cast that may not', { from: 'fp16', to: 'fp32' }, []],
    [
      'a layout that the family does not have',
      { family: shippedFamilies.get('telechat2') },
      ['error checkpoint.familyLayout'],
    ],
  ])('tells %s', (_, change, expected) => expect(codes(change)).toEqual(expected))

  it('speaks both languages', () => {
    const [finding] = conversionFindings({ ...planned, target: { layout: 'mcore', tp: 16, pp: 1 } })
    expect(finding?.text.en).toContain('TP 16 does not divide the 8 key/value groups')
    expect(finding?.text['zh-CN']).toContain('TP 16 不能整除键值头组数 8')
  })
})
