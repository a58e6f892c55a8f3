import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compareSources } from '../../../../engine/checkpoint/compare.ts'
import { openCheckpoint } from '../../../../engine/checkpoint/open.ts'
import { writeCheckpoint } from '../../../../engine/checkpoint/write.ts'
import { failure, recordingContext, temporaryFolder } from '../../../fixtures/checkpoint/helpers.ts'
import { syntheticSource } from '../../../fixtures/checkpoint/synthetic.ts'

const numbers = { layers: 4, hidden: 64, ffn: 48, heads: 8, kvGroups: 4, vocab: 96 }
const mcore = { layout: 'mcore', tp: 4, pp: 2, vocabDivisor: 1 } as const

/** Two checkpoints of one model, of which the second has a changed element. */
async function pair(folder: string): Promise<{ hf: string; megatron: string }> {
  const [hf, megatron] = [join(folder, 'hf'), join(folder, 'megatron')]
  const source = syntheticSource(numbers)
  await writeCheckpoint({ source, output: hf, target: { layout: 'hf' } })
  await writeCheckpoint({ source, output: megatron, target: mcore })
  await using opened = await openCheckpoint(hf)
  const down = opened.stored.find(({ name }) => name === 'model.layers.2.mlp.down_proj.weight')!
  const file = openSync(join(hf, down.file), 'r+')
  writeSync(file, Buffer.from([0xff, 0x7b]), 0, 2, down.offset + 20)
  closeSync(file)
  return { hf, megatron }
}

describe('compareSources', { timeout: 60_000 }, () => {
  it.each([1, 2, 3])('finds what differs, in %i threads', async (threads) => {
    using folder = temporaryFolder()
    const { hf, megatron } = await pair(folder.path)
    await using ours = await openCheckpoint(hf)
    await using theirs = await openCheckpoint(megatron)
    const context = recordingContext()
    const { totalBytes } = ours.summary
    expect(await compareSources(ours, theirs, context, threads)).toEqual({
      tensors: 39,
      bytes: totalBytes,
      cast: 0,
      differences: [{ tensor: 'layers.2.down', detail: '1 of 3072 elements differ' }],
    })
    expect(context.reports.at(-1)).toMatchObject({ done: totalBytes, total: totalBytes })
  })

  it('names what only one side has, and other shapes', async () => {
    const [a, b] = [syntheticSource(numbers), syntheticSource({ ...numbers, layers: 5, vocab: 100 })]
    const { differences } = await compareSources(a, b, recordingContext())
    expect(differences[0]).toEqual({ tensor: 'embedding', detail: 'shape [96, 64] against [100, 64]' })
    expect(differences).toContainEqual({ tensor: 'layers.4.q', detail: 'missing in the checkpoint' })
  })

  it('stops when it is cancelled, with and without threads', async () => {
    using folder = temporaryFolder()
    const { hf, megatron } = await pair(folder.path)
    await using ours = await openCheckpoint(hf)
    await using theirs = await openCheckpoint(megatron)
    const signal = AbortSignal.abort()
    for (const threads of [1, 2]) {
      const comparison = compareSources(ours, theirs, { ...recordingContext(), signal }, threads)
      expect(await failure(comparison)).toEqual({ code: 'cancelled', params: {} })
    }
  })
})
