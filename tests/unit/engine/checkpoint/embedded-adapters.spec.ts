/** Checkpoints as a LoRA training of Megatron saves them: recognised, refused as models, and merged. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { summarizeCheckpoint } from '../../../../engine/checkpoint/inspect.ts'
import { legacy } from '../../../../engine/checkpoint/layouts/legacy.ts'
import { evenStages } from '../../../../engine/checkpoint/layouts/pipeline.ts'
import type { LayoutDescription } from '../../../../engine/checkpoint/layouts/description.ts'
import { convertCheckpoint } from '../../../../engine/checkpoint/tasks.ts'
import { verifyCheckpoint } from '../../../../engine/checkpoint/verify.ts'
import { failure, fixture, recordingContext, temporaryFolder } from '../../../fixtures/checkpoint/helpers.ts'
import { writeMegatron } from '../../../fixtures/checkpoint/megatron.ts'
import { syntheticSource } from '../../../fixtures/checkpoint/synthetic.ts'

const mcore = fixture('llama2-mha-fp16.mcore.tp2pp2.lora-r8a16')
const target = { layout: 'hf' } as const

describe('a LoRA checkpoint of Megatron core', () => {
  it('is recognised as a whole model with adapters, and not taken for one without', async () => {
    const { layout, tp, pp, problems, tensorCount } = await summarizeCheckpoint(mcore)
    expect({ layout, tp, pp }).toEqual({ layout: 'mcore', tp: 2, pp: 2 })
    expect(tensorCount).toBeGreaterThan(100)
    const errors = problems.filter(({ level }) => level === 'error')
    expect(errors.map(({ code }) => code)).toEqual(['checkpoint.adapters'])
    expect(errors[0]?.text.en).toContain('rank 8) of linear_proj, linear_qkv, linear_fc1, linear_fc2')
    using folder = temporaryFolder()
    const output = join(folder.path, 'out')
    const work = convertCheckpoint({ input: mcore, output, target }, recordingContext())
    expect((await failure(work)).code).toBe('checkpoint.incomplete')
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('is merged with itself as onto its base', async () => {
    using folder = temporaryFolder()
    const at = (path: string): string => join(folder.path, path)
    const lora = { checkpoint: mcore, alpha: 16 }
    const same = { layout: 'mcore', tp: 2, pp: 2 } as const
    const context = recordingContext()
    await convertCheckpoint({ input: mcore, output: at('self'), target: same, lora }, context)
    const base = fixture('llama2-mha-fp16.mcore.tp2pp2')
    await convertCheckpoint({ input: base, output: at('based'), target: same, lora }, context)
    const verified = await verifyCheckpoint({ checkpoint: at('self'), against: at('based') }, context)
    expect(verified).toMatchObject({ equal: true, cast: 0 })
  })
})

describe('a LoRA checkpoint of legacy Megatron', () => {
  const attention = 'language_model/encoder/layers.{layer}.self_attention'
  /** The embedding and the head as they are, and of the layers only adapters. */
  const layout: LayoutDescription = {
    head: legacy.head,
    layer: [
      // Any tensors of the right size will do: what counts is their names.
      { name: `${attention}.query_key_value.lora_A.default.weight`, parts: ['inputNorm'] },
      { name: `${attention}.query_key_value.lora_B.default.weight`, parts: ['postNorm'] },
    ],
    tail: legacy.tail.filter(({ name }) => name.includes('output_layer')),
    ignored: [],
  }

  it('is recognised as adapters without weights, in one sentence', async () => {
    using folder = temporaryFolder()
    const source = syntheticSource({ layers: 2, hidden: 16, ffn: 24, heads: 4, kvGroups: 4, vocab: 8 })
    await writeMegatron(folder.path, source, { layout, chunks: evenStages(2, 2), tp: 2 })
    const summary = await summarizeCheckpoint(folder.path)
    expect(summary).toMatchObject({ layout: 'legacy', tp: 2, pp: 2 })
    const errors = summary.problems.filter(({ level }) => level === 'error')
    expect(errors.map(({ code }) => code)).toEqual(['checkpoint.adaptersOnly'])
  })
})
