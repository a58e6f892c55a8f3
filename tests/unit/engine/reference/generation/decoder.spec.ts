import { describe, expect, it } from 'vitest'
import { randomWeights, sourceOf, tinyShape } from '../tiny-model.ts'
import { Decoder } from '#engine/reference/generation/decoder.ts'
import { Random } from '#engine/reference/random.ts'

const random = new Random(11)
const ids = Array.from({ length: 150 }, () => random.below(tinyShape.vocab))

describe('a decoder with a cache', () => {
  it.each([{}, { slidingWindow: 13 }, { tiedEmbeddings: true, qkvBias: true }])(
    'gives the same logits token by token as for the whole prompt: %o',
    async (variant) => {
      const shape = { ...tinyShape, ...variant }
      const decoder = await Decoder.load(sourceOf(shape, randomWeights(shape)), 'tiny')
      const whole = decoder.append(ids).slice()
      decoder.reset()
      for (const id of ids.slice(0, -1)) decoder.append([id])
      const last = decoder.append(ids.slice(-1))
      for (let i = 0; i < whole.length; i++) expect(Math.abs((last[i] ?? 0) - (whole[i] ?? 0))).toBeLessThan(1e-4)
    },
  )

  it('gives the same bits for the same tokens', async () => {
    const decoder = await Decoder.load(sourceOf(tinyShape, randomWeights(tinyShape)), 'tiny')
    const first = decoder.append(ids).slice()
    decoder.reset()
    expect(decoder.append(ids)).toEqual(first)
  })

  it('refuses a model that is too large, with its size and the limit', async () => {
    const shape = { ...tinyShape, hidden: 8192, ffn: 28672, layers: 80, vocab: 32000 }
    await expect(Decoder.load(sourceOf(shape, new Map()), '/models/70b')).rejects.toMatchObject({
      code: 'train.modelTooLarge',
      params: { path: '/models/70b', limit: 900 },
    })
  })
})
