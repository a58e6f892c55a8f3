import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { convertCheckpoint } from '../../../../engine/checkpoint/tasks.ts'
import { verifyCheckpoint } from '../../../../engine/checkpoint/verify.ts'
import { VerifyResult } from '../../../../engine/protocol/checkpoint-tasks.ts'
import { TaskFailure } from '../../../../engine/tasks/task-failure.ts'
import { failure, fixture, recordingContext, temporaryFolder } from '../../../fixtures/checkpoint/helpers.ts'

const model = fixture('llama2-mha-fp16')
const megatron = fixture('llama2-mha-fp16.mcore.tp2pp2')
const secondShard = 'model-00002-of-00002.safetensors'

/** A copy of the model whose last elements of a file are others. */
function damaged(offset: number, change: (byte: number) => number): { copy: string } & Disposable {
  const folder = temporaryFolder()
  const copy = join(folder.path, 'copy')
  cpSync(model, copy, { recursive: true })
  const path = join(copy, secondShard)
  const bytes = readFileSync(path)
  const at = bytes.length + offset
  bytes[at] = change(bytes[at]!)
  rmSync(path)
  writeFileSync(path, bytes)
  return { copy, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

async function taskFailure(verification: Promise<unknown>): Promise<TaskFailure> {
  const thrown = await verification.catch((error: unknown) => error)
  if (!(thrown instanceof TaskFailure)) throw new Error(`expected a failure with a result, got ${String(thrown)}`)
  return thrown
}

const detailsOf = async (verification: Promise<unknown>): Promise<VerifyResult> =>
  VerifyResult.parse((await taskFailure(verification)).result)

describe('verifyCheckpoint', () => {
  it('finds a conversion equal, also after a cast', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'out')
    const target = { layout: 'hf' } as const
    await convertCheckpoint({ input: megatron, output, target, dtype: 'fp32' }, recordingContext())
    const context = recordingContext()
    expect(await verifyCheckpoint({ checkpoint: output, against: megatron }, context)).toEqual({
      equal: true,
      tensors: 39,
      bytes: 968_960,
      cast: 39,
      differing: 0,
      differences: [],
    })
    expect(context.lines.at(-1)).toMatch(/^equal: 39 tensors, 1\.0 MB/)
    expect((await verifyCheckpoint({ checkpoint: model, against: megatron }, context))['cast']).toBe(0)
  })

  it('says which elements differ, where the first one is and by how much', async () => {
    using work = damaged(-100, (byte) => byte ^ 0x01)
    const context = recordingContext()
    const verification = verifyCheckpoint({ checkpoint: work.copy, against: megatron }, context)
    const error = await taskFailure(verification)
    expect(error).toMatchObject({ code: 'checkpoint.differs', params: { count: 1 } })
    const { equal, differing, differences } = VerifyResult.parse(error.result)
    expect({ equal, differing }).toEqual({ equal: false, differing: 1 })
    const [difference] = differences
    expect(difference).toMatchObject({ kind: 'values', elements: 1, shape: difference!.againstShape })
    const { first, largest } = difference!
    expect(first!.index).toHaveLength(difference!.shape!.length)
    expect(Math.abs((first!.value as number) - (first!.against as number))).toBe(largest)
    expect(largest).toBeGreaterThan(0)
    expect(context.lines.filter((line) => line.startsWith('differs'))).toEqual([
      expect.stringMatching(/^differs: \S+: 1 of \d+ elements differ, by up to \S+, first \[\d+(, \d+)?\]: /),
    ])
  })

  it('has words for values that JSON cannot say', async () => {
    // The high byte of an fp16 element: infinity or NaN.
    using work = damaged(-1, (byte) => byte | 0x7f)
    const { differences } = await detailsOf(
      verifyCheckpoint({ checkpoint: work.copy, against: megatron }, recordingContext()),
    )
    expect(['NaN', 'Infinity', '-Infinity']).toContain(differences[0]!.first!.value)
    expect(differences[0]!.largest).toBe(0)
  })

  it('does not call models of different shapes equal, and lists no more than it is asked to', async () => {
    const specs = { checkpoint: model, against: fixture('qwen15-tied-bf16') }
    const { differing, differences } = await detailsOf(verifyCheckpoint({ ...specs, listed: 3 }, recordingContext()))
    expect(differences).toHaveLength(3)
    expect(differing).toBeGreaterThan(30)
    const kinds = (await detailsOf(verifyCheckpoint({ ...specs, listed: 1000 }, recordingContext()))).differences
    expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(['values', 'missing', 'unexpected']))
    const grouped = { checkpoint: model, against: fixture('llama2-gqa-fp16'), listed: 1000 }
    const shapes = (await detailsOf(verifyCheckpoint(grouped, recordingContext()))).differences
    expect(shapes.find(({ kind }) => kind === 'shape')).toMatchObject({
      shape: expect.any(Array),
      againstShape: expect.any(Array),
    })
  })

  it('stops when it is cancelled', async () => {
    const context = recordingContext(({ abort }) => abort.abort())
    const verification = verifyCheckpoint({ checkpoint: model, against: megatron }, context)
    expect((await failure(verification)).code).toBe('cancelled')
  })
})

describe('logits', () => {
  const logits = { tokens: 8 }

  it('are the same bits for the same weights in another layout', async () => {
    const context = recordingContext()
    const result = VerifyResult.parse(await verifyCheckpoint({ checkpoint: megatron, against: model, logits }, context))
    expect(result).toMatchObject({ equal: true, tolerance: 0 })
    expect(result.logits!.map(({ maxAbsolute, tokens }) => [maxAbsolute, tokens])).toEqual([
      [0, 8],
      [0, 8],
      [0, 8],
    ])
    expect(context.lines.filter((line) => line.includes('same next token'))).toHaveLength(3)
  })

  it('may be apart by the rounding of a cast, and not by more', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'bf16')
    await convertCheckpoint({ input: model, output, target: { layout: 'hf' }, dtype: 'bf16' }, recordingContext())
    const spec = { checkpoint: output, against: model, logits }
    const result = VerifyResult.parse(await verifyCheckpoint(spec, recordingContext()))
    expect(result.equal).toBe(true)
    expect(result.logits!.every(({ maxAbsolute }) => maxAbsolute > 0 && maxAbsolute <= result.tolerance!)).toBe(true)
    const strict = verifyCheckpoint({ ...spec, logits: { ...logits, tolerance: 1e-9 } }, recordingContext())
    expect((await failure(strict)).code).toBe('checkpoint.logitsDiffer')
  })

  it('differ where only the configuration does', async () => {
    using folder = temporaryFolder()
    const copy = join(folder.path, 'copy')
    cpSync(model, copy, { recursive: true })
    const path = join(copy, 'config.json')
    const config = JSON.parse(readFileSync(path, 'utf8')) as object
    rmSync(path)
    writeFileSync(path, JSON.stringify({ ...config, rope_theta: 500_000 }))
    const context = recordingContext()
    const verification = verifyCheckpoint({ checkpoint: copy, against: model, logits }, context)
    const { equal, differing } = await detailsOf(verification)
    expect({ equal, differing }).toEqual({ equal: false, differing: 0 })
    expect(context.lines).toContain('warning: ropeTheta is 500000 here and 10000 there')
  })

  it('need a tokenizer for texts', async () => {
    const verification = verifyCheckpoint(
      { checkpoint: megatron, against: model, logits: { tokens: 8, prompts: ['What is an NPU?'] } },
      recordingContext(),
    )
    expect((await failure(verification)).code).toBe('chat.tokenizerMissing')
  })
})
