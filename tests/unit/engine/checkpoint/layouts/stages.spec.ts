import { describe, expect, it } from 'vitest'
import { stagesFor, type StageOptions } from '../../../../../engine/checkpoint/layouts/stages.ts'
import { AppError } from '../../../../../engine/protocol/errors/index.ts'
import { syntheticSource } from '../../../../fixtures/checkpoint/synthetic.ts'

const model = (layers: number) => syntheticSource({ layers, hidden: 8, ffn: 8, heads: 2, kvGroups: 2, vocab: 8 }).model
const layersOf = (layers: number, options: StageOptions) =>
  stagesFor(model(layers), options).map(({ stage, chunk, layers: own }) => [stage, chunk, own])

describe('stagesFor', () => {
  it('deals layers to virtual stages in turns', () => {
    expect(layersOf(16, { pp: 4, layersPerVirtualStage: 2 }).slice(0, 2)).toEqual([
      [0, 0, [0, 1]],
      [0, 1, [8, 9]],
    ])
  })

  it('takes uneven stages as they are listed', () => {
    expect(layersOf(6, { pp: 3, layerList: [1, 2, 3] })).toEqual([
      [0, 0, [0]],
      [1, 0, [1, 2]],
      [2, 0, [3, 4, 5]],
    ])
  })

  it.each<[string, number, StageOptions]>([
    ['checkpoint.ppLayers', 4, { pp: 3 }],
    ['checkpoint.vppNeedsPp', 4, { pp: 1, layersPerVirtualStage: 2 }],
    ['checkpoint.vppLayers', 4, { pp: 2, layersPerVirtualStage: 2 }],
    ['checkpoint.vppLayers', 12, { pp: 3, layersPerVirtualStage: 3 }],
    ['checkpoint.layerListVpp', 4, { pp: 2, layerList: [2, 2], layersPerVirtualStage: 1 }],
    ['checkpoint.layerListNeedsPp', 4, { pp: 1, layerList: [4] }],
    ['checkpoint.layerListCount', 4, { pp: 2, layerList: [1, 1, 2] }],
    ['checkpoint.layerListSum', 4, { pp: 2, layerList: [1, 2] }],
    ['checkpoint.layerListSum', 4, { pp: 2, layerList: [0, 4] }],
  ])('refuses with %s', (code, layers, options) => {
    let thrown: unknown
    try {
      stagesFor(model(layers), options)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(AppError)
    expect((thrown as AppError).code).toBe(code)
  })
})
