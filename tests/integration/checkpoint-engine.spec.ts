/** Checkpoints as an engine in a process of its own shows them: over the wire, and as a job's result. */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AppError } from '#engine/protocol/errors/index.ts'
import { VerifyResult } from '#engine/protocol/checkpoint-tasks.ts'
import { checkpoints } from '#engine/protocol/checkpoints.ts'
import { fixture } from '../fixtures/checkpoint/helpers.ts'
import { EngineProcess, TestHome, ended, scriptJob } from './support/engine-process.ts'

const model = fixture('llama2-mha-fp16')

describe('checkpoints of an engine', () => {
  it('tells what a stored tensor holds, and stops when nobody waits for it', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    const client = engine.connection.topic(checkpoints)
    const { tensors } = await client.inspect({ path: model })
    const { file, name, shape } = tensors.find((tensor) => tensor.name === 'model.norm.weight')!
    const found = await client.statistics({ path: model, file, name, bins: 8 })
    expect(found).toMatchObject({ elements: shape[0], nan: 0, positiveInfinity: 0, negativeInfinity: 0 })
    expect(found.histogram.reduce((sum, { count }) => sum + count, 0)).toBe(shape[0])
    // 2 GB of zeros that take no space: long enough to be stopped on the way.
    const large = join(home.path, 'large')
    sparseModel(large)
    const abort = new AbortController()
    const measuring = client.statistics(
      { path: large, file: 'model.safetensors', name: 'lm_head.weight' },
      { signal: abort.signal },
    )
    setTimeout(() => abort.abort(), 100)
    const error = await measuring.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect((error as AppError).code).toBe('cancelled')
    expect((await client.summary({ path: model })).layout).toBe('hf')
  })

  it('leaves the differences that a verification found, though it failed', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    const spec = { checkpoint: model, against: fixture('llama2-gqa-fp16'), listed: 2 }
    await engine.jobs.submit(scriptJob('v', '', { run: { kind: 'task', task: 'checkpoint.verify', spec } }))
    expect(await ended(engine, 'v')).toMatchObject({ state: 'failed', error: { code: 'checkpoint.differs' } })
    const result = VerifyResult.parse(JSON.parse(home.read('v', 'result.json')))
    expect(result.equal).toBe(false)
    expect(result.differences).toHaveLength(2)
    expect(result.differing).toBeGreaterThan(2)
  })
})

/** A Llama of one layer whose file is a hole: everything is zero. */
function sparseModel(folder: string): void {
  mkdirSync(folder)
  const [hidden, vocab] = [1024, 1_000_000]
  const config = {
    architectures: ['LlamaForCausalLM'],
    num_hidden_layers: 1,
    hidden_size: hidden,
    intermediate_size: hidden,
    num_attention_heads: 8,
    num_key_value_heads: 8,
    vocab_size: vocab,
    rms_norm_eps: 1e-5,
    max_position_embeddings: 64,
    torch_dtype: 'float16',
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const shape = [vocab, hidden]
  const bytes = vocab * hidden * 2
  const header = Buffer.from(
    JSON.stringify({ 'lm_head.weight': { dtype: 'F16', shape, data_offsets: [0, bytes] } }).padEnd(256),
  )
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  const path = join(folder, 'model.safetensors')
  writeFileSync(path, Buffer.concat([length, header]))
  truncateSync(path, 8 + header.length + bytes)
}
