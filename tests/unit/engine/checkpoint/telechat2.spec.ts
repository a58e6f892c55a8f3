/** TeleChat2, whose keys and values lie in one tensor head by head, and whose o and down have biases. */
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RandomFile } from '../../../../engine/checkpoint/formats/random-file.ts'
import { mindsporeTensor, readMindspore } from '../../../../engine/checkpoint/formats/mindspore-read.ts'
import { telechat2ToMindsporeFile } from '../../../../engine/checkpoint/mindspore/to-mindspore.ts'
import { openCheckpoint } from '../../../../engine/checkpoint/open.ts'
import { convertCheckpoint } from '../../../../engine/checkpoint/tasks.ts'
import { verifyCheckpoint } from '../../../../engine/checkpoint/verify.ts'
import {
  failure,
  fixture,
  recordingContext,
  storedBytes,
  temporaryFolder,
} from '../../../fixtures/checkpoint/helpers.ts'

/** Written by the original script, of a model with 8 heads in 2 groups. */
const golden = fixture('mindspore/telechat2.telechat2-fp16.float16.ckpt')
const config = {
  architectures: ['TelechatForCausalLM'],
  model_type: 'telechat',
  ffn_hidden_size: 176,
  hidden_size: 64,
  layer_norm_epsilon: 1e-5,
  n_head: 8,
  n_layer: 4,
  num_key_value_heads: 2,
  training_seqlen: 128,
  torch_dtype: 'float16',
  vocab_size: 320,
}

function model(folder: string): string {
  copyFileSync(golden, join(folder, 'telechat2.ckpt'))
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  return join(folder, 'telechat2.ckpt')
}

async function content(file: string): Promise<Map<string, string>> {
  await using opened = await RandomFile.open(file)
  const found = new Map<string, string>()
  for (const entry of (await readMindspore(opened)).entries) {
    const tensor = mindsporeTensor(opened, entry)!
    found.set(entry.name, `${entry.shape.join('x')} ${Buffer.from(await storedBytes(tensor)).toString('base64')}`)
  }
  return found
}

describe('TeleChat2', () => {
  it('goes from MindSpore to Hugging Face and back without a changed bit', async () => {
    using folder = temporaryFolder()
    const at = (path: string): string => join(folder.path, path)
    const context = recordingContext()
    const input = model(folder.path)
    await convertCheckpoint({ input, output: at('hf'), target: { layout: 'hf' } }, context)
    await convertCheckpoint({ input: at('hf'), output: at('ms'), target: { layout: 'mindspore' } }, context)
    expect(await content(at('ms/mindspore_model.ckpt'))).toEqual(await content(golden))
    // The script's replacement only renames, so that it checks the layouts by another way.
    await telechat2ToMindsporeFile({ input: at('hf'), output: at('renamed.ckpt'), dtype: 'fp16', context })
    expect(await content(at('renamed.ckpt'))).toEqual(await content(golden))
    const verified = await verifyCheckpoint({ checkpoint: at('hf'), against: at('ms') }, context)
    expect(verified).toMatchObject({ equal: true, cast: 0 })
  })

  it('keeps the rows of a key head before those of its value head', async () => {
    using folder = temporaryFolder()
    await using opened = await openCheckpoint(model(folder.path))
    expect(opened.summary).toMatchObject({
      layout: 'mindspore',
      problems: [],
      model: { family: 'telechat2', kvGroups: 2 },
    })
    await using file = await RandomFile.open(golden)
    const entry = (await readMindspore(file)).entries.find(({ name }) => name.endsWith('0.attention.wk_v.weight'))!
    const packed = Buffer.from(await storedBytes(mindsporeTensor(file, entry)!))
    const headBytes = 8 * 64 * 2
    const heads = (part: number): Buffer[] =>
      [0, 1].map((head) => packed.subarray((2 * head + part) * headBytes).subarray(0, headBytes))
    expect(Buffer.from(await opened.readRows('layers.0.k', 0, 16)).equals(Buffer.concat(heads(0)))).toBe(true)
    expect(Buffer.from(await opened.readRows('layers.0.v', 0, 16)).equals(Buffer.concat(heads(1)))).toBe(true)
    expect(opened.tensors.get('layers.3.down.bias')?.shape).toEqual([64])
  })

  it('has no Megatron checkpoints, which is said before anything is written', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'mcore')
    const work = convertCheckpoint(
      { input: model(folder.path), output, target: { layout: 'mcore', tp: 1, pp: 1 } },
      recordingContext(),
    )
    expect(await failure(work)).toMatchObject({ code: 'checkpoint.familyLayout', params: { family: 'telechat2' } })
  })
})
