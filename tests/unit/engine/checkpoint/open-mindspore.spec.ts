/** MindSpore as a layout among the others. */
import { copyFileSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../../../engine/checkpoint/open.ts'
import { convertCheckpoint } from '../../../../engine/checkpoint/tasks.ts'
import { verifyCheckpoint } from '../../../../engine/checkpoint/verify.ts'
import { writeCheckpoint } from '../../../../engine/checkpoint/write.ts'
import { failure, fixture, recordingContext, temporaryFolder } from '../../../fixtures/checkpoint/helpers.ts'
import { syntheticSource } from '../../../fixtures/checkpoint/synthetic.ts'

const target = { layout: 'mindspore' } as const
const golden = fixture('mindspore/llama.llama2-gqa-fp16.fp16.ckpt')

describe('a MindSpore checkpoint', () => {
  it('is written with the bytes of the original script, and has a passport', async () => {
    using folder = temporaryFolder()
    const output = join(folder.path, 'ms')
    await convertCheckpoint({ input: fixture('llama2-gqa-fp16'), output, target }, recordingContext())
    const file = join(output, 'mindspore_model.ckpt')
    expect(readFileSync(file).equals(readFileSync(golden))).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o400)
    await using opened = await openCheckpoint(output)
    expect(opened.summary).toMatchObject({ layout: 'mindspore', tp: 1, pp: 1, dtype: 'fp16', problems: [] })
    expect(opened.summary.passport?.files).toHaveProperty('mindspore_model.ckpt')
  })

  it.each(['llama2-mha-fp16', 'qwen15-tied-bf16'])(
    'goes to Megatron, and back to where it came from: %s',
    async (name) => {
      using folder = temporaryFolder()
      const at = (path: string): string => join(folder.path, path)
      const context = recordingContext()
      await convertCheckpoint({ input: fixture(name), output: at('ms'), target }, context)
      const mcore = { layout: 'mcore', tp: 2, pp: 2 } as const
      await convertCheckpoint({ input: at('ms'), output: at('mcore'), target: mcore }, context)
      await convertCheckpoint({ input: at('mcore'), output: at('again'), target }, context)
      await convertCheckpoint({ input: at('again'), output: at('hf'), target: { layout: 'hf' } }, context)
      const verified = await verifyCheckpoint({ checkpoint: at('hf'), against: fixture(name) }, context)
      expect(verified).toMatchObject({ equal: true, cast: 0 })
      const file = 'mindspore_model.ckpt'
      expect(readFileSync(join(at('again'), file)).equals(readFileSync(join(at('ms'), file)))).toBe(true)
    },
  )

  it('is opened by its file, with a configuration beside it or without one', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'llama.ckpt')
    copyFileSync(golden, file)
    expect(await failure(openCheckpoint(file))).toMatchObject({ code: 'file.missing' })
    copyFileSync(join(fixture('llama2-gqa-fp16'), 'config.json'), join(folder.path, 'config.json'))
    await using opened = await openCheckpoint(file)
    expect(opened.summary).toMatchObject({ layout: 'mindspore', tensorCount: 39, problems: [] })
    expect(opened.model).toMatchObject({ family: 'llama2', heads: 8, kvGroups: 2 })

    // Heads of the usual size need none: the rest is assumed, and said to be.
    const source = syntheticSource({ layers: 2, hidden: 256, ffn: 32, heads: 2, kvGroups: 1, vocab: 16, qkvBias: true })
    await writeCheckpoint({ source, output: join(folder.path, 'wide'), target })
    using bare = temporaryFolder()
    copyFileSync(join(folder.path, 'wide', 'mindspore_model.ckpt'), join(bare.path, 'x.ckpt'))
    await using wide = await openCheckpoint(bare.path)
    expect(wide.model).toMatchObject({ family: 'qwen1.5', layers: 2, heads: 2, kvGroups: 1, ffn: 32, qkvBias: true })
    expect(wide.summary.problems.map(({ level }) => level)).toEqual(['warning'])
    expect(wide.tensors.size).toBe(source.tensors.size)
  })

  it('is refused where nothing says how wide its heads are, or it is one of several', async () => {
    using folder = temporaryFolder()
    copyFileSync(fixture('mindspore/telechat2.telechat2-fp16.float16.ckpt'), join(folder.path, 'a.ckpt'))
    expect(await failure(openCheckpoint(folder.path))).toMatchObject({ code: 'file.missing' })
    copyFileSync(golden, join(folder.path, 'b.ckpt'))
    expect(await failure(openCheckpoint(folder.path))).toMatchObject({ code: 'mindspore.severalFiles' })
  })
})
