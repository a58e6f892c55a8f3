import { readdirSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { mergeAdapters } from '../../../../../engine/checkpoint/lora/apply.ts'
import { openCheckpoint } from '../../../../../engine/checkpoint/open.ts'
import { CastSource, cutVocabulary } from '../../../../../engine/checkpoint/sources/cast.ts'
import { writeCheckpoint, type WriteRequest } from '../../../../../engine/checkpoint/write.ts'
import { pieces } from '../../../../../engine/checkpoint/writing/write-files.ts'
import { failure, fixture, recordingContext, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'
import { syntheticSource } from '../../../../fixtures/checkpoint/synthetic.ts'

const numbers = { layers: 4, hidden: 64, ffn: 48, heads: 8, kvGroups: 4, vocab: 96 }
const mcore = { layout: 'mcore', tp: 4, pp: 2, vocabDivisor: 1 } as const

/** Digests of what is written with so many threads; the passport itself has a date. */
async function digests(folder: string, threads: number, request: Omit<WriteRequest, 'output'>): Promise<unknown> {
  const { files } = await writeCheckpoint({ ...request, output: join(folder, `${threads}`), threads })
  return files
}

describe('writing in threads', { timeout: 60_000 }, () => {
  it.each([
    ['to mcore', mcore, undefined],
    ['to mcore with a cast', mcore, 'fp32'],
    ['to legacy', { ...mcore, layout: 'legacy', tp: 4, pp: 1 }, undefined],
    ['to Hugging Face', { layout: 'hf' }, 'bf16'],
    ['to MindSpore', { layout: 'mindspore' }, undefined],
  ] as const)('gives the same bytes as writing without them, %s', async (_, target, dtype) => {
    using folder = temporaryFolder()
    const model = join(folder.path, 'model')
    await writeCheckpoint({ source: syntheticSource(numbers), output: model, target: { ...mcore, tp: 2 } })
    await using source = await openCheckpoint(model)
    const request = { source, target, dtype }
    const alone = await digests(folder.path, 1, request)
    expect(await digests(folder.path, 2, request)).toEqual(alone)
    expect(await digests(folder.path, 3, request)).toEqual(alone)
  })

  it('merges adapters there, and counts what became infinite', async () => {
    using folder = temporaryFolder()
    const base = fixture('llama2-mha-fp16.mcore.tp2pp2')
    const path = fixture('llama2-mha-fp16.mcore.tp2pp2.lora-r8a16')
    await using opened = await openCheckpoint(base, { lora: { path, targets: undefined } })
    const results: unknown[] = []
    for (const threads of [1, 2]) {
      const context = recordingContext()
      const overflows = new Map<string, number>()
      // A scale that no fp16 can hold.
      const merged = mergeAdapters(opened, { path, alpha: 1e9 }, 'fp32', overflows, context)
      const source = cutVocabulary(new CastSource(merged, 'fp16', overflows), 40)
      results.push([await digests(folder.path, threads, { source, target: { ...mcore, tp: 2 }, context }), overflows])
    }
    expect(results[1]).toEqual(results[0])
    expect((results[0] as [unknown, Map<string, number>])[1].get('layers.0.q')).toBeGreaterThan(0)
  })

  it('reports progress and can be cancelled', async () => {
    using folder = temporaryFolder()
    const model = join(folder.path, 'model')
    const source = syntheticSource({ ...numbers, hidden: 512, ffn: 1024, layers: 8 })
    await writeCheckpoint({ source, output: model, target: { layout: 'hf' } })
    await using opened = await openCheckpoint(model)
    const context = recordingContext()
    const request = { source: opened, target: mcore, threads: 2 }
    const { totalBytes } = await writeCheckpoint({ ...request, output: join(folder.path, 'whole'), context })
    expect(context.reports.at(-1)).toMatchObject({ done: totalBytes, total: totalBytes, unit: 'bytes' })
    const signal = AbortSignal.abort()
    const cancelled = writeCheckpoint({
      ...request,
      output: join(folder.path, 'cancelled'),
      context: { ...context, signal },
    })
    expect(await failure(cancelled)).toEqual({ code: 'cancelled', params: {} })
  })

  it('passes errors of a thread on', async () => {
    using folder = temporaryFolder()
    const model = join(folder.path, 'model')
    await writeCheckpoint({ source: syntheticSource(numbers), output: model, target: { layout: 'hf' } })
    await using opened = await openCheckpoint(model)
    truncateSync(join(model, 'model.safetensors'), 20_000)
    const conversion = writeCheckpoint({
      source: opened,
      target: mcore,
      threads: 2,
      output: join(folder.path, 'out'),
    })
    expect(await failure(conversion)).toMatchObject({ code: 'checkpoint.truncated' })
    expect(readdirSync(folder.path)).toEqual(['model'])
  })
})

describe('pieces', () => {
  const groups = (count: number, files: number) =>
    Array.from({ length: count }, () => () => Array.from({ length: files }, (_, index) => ({ index }) as never))
  const sizes = (count: number, files: number, threads: number): number[] =>
    pieces(groups(count, files), threads).map((group) => group().length)

  it('cuts groups only where threads would be idle', () => {
    expect(sizes(2, 4, 2)).toEqual([4, 4])
    expect(sizes(1, 8, 2)).toEqual([4, 4])
    expect(sizes(3, 4, 2)).toEqual([2, 2, 2, 2, 2, 2])
    expect(sizes(1, 3, 4)).toEqual([1, 1, 1])
    expect(sizes(1, 1, 4)).toEqual([1])
  })
})
