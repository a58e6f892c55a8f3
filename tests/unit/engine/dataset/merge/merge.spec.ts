import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openIndexedDataset, openInstructionDataset } from '#engine/dataset/indexed/read.ts'
import { IndexedWriter } from '#engine/dataset/indexed/write.ts'
import { mergeDatasets } from '#engine/dataset/merge/merge.ts'
import { preprocess } from '#engine/dataset/preprocess.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'

const fixtures = fileURLToPath(new URL('../../../../fixtures/dataset', import.meta.url))
const live = new AbortController().signal

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-merge-'))
  await mkdir(path.join(folder, 'parts'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const part = (name: string) => path.join(folder, 'parts', name)

async function write(name: string, documents: readonly (readonly number[][])[]): Promise<void> {
  const writer = await IndexedWriter.create(part(name))
  for (const document of documents) {
    for (const sequence of document) writer.addSequence(Int32Array.from(sequence))
    writer.endDocument()
  }
  await writer.finish()
}

const merge = (keys: string[], signal = live) =>
  mergeDatasets(
    { folder: path.join(folder, 'parts'), keys, outputPrefix: path.join(folder, 'all') },
    signal,
    () => undefined,
  )

const outputs = async () => (await readdir(folder)).filter((name) => name !== 'parts')

describe('mergeDatasets', () => {
  it('joins data, lengths, offsets and documents in order of names', async () => {
    await write('b_text_document', [[[7, 8, 9]], []])
    await write('a_text_document', [[[1], [2, 3]], [[4, 5, 6, 7]]])
    const { parts, passport } = await merge(['text_document'])
    expect(parts.text_document).toEqual([part('a_text_document'), part('b_text_document')])
    expect(passport).toBeNull()
    const idx = await readFile(path.join(folder, 'all_text_document.idx'))
    const lengths = [0, 1, 2, 3].map((i) => idx.readInt32LE(34 + i * 4))
    const offsets = [0, 1, 2, 3].map((i) => Number(idx.readBigInt64LE(34 + 16 + i * 8)))
    const documents = [0, 1, 2, 3, 4].map((i) => Number(idx.readBigInt64LE(34 + 48 + i * 8)))
    expect(idx.length).toBe(34 + 48 + 40)
    expect(lengths).toEqual([1, 2, 4, 3])
    expect(offsets).toEqual([0, 4, 12, 28])
    expect(documents).toEqual([0, 2, 3, 4, 4])
    const merged = await openIndexedDataset(path.join(folder, 'all_text_document'))
    expect([...(await merged.sequence(3))]).toEqual([7, 8, 9])
    await merged.close()
  })

  it('writes a single part as the original wrote it', async () => {
    for (const end of ['bin', 'idx']) {
      await copyFile(path.join(fixtures, 'indexed', `int32_merged.${end}`), part(`x_document.${end}`))
    }
    await merge(['document'])
    for (const end of ['bin', 'idx']) {
      const original = await readFile(path.join(fixtures, 'indexed', `int32_merged.${end}`))
      expect((await readFile(path.join(folder, `all_document.${end}`))).equals(original)).toBe(true)
    }
  })

  it('joins the passports of parts that were made alike', async () => {
    for (const name of ['one', 'two']) {
      const spec = PreprocessSpec.parse({
        input: path.join(fixtures, 'mindspeed-llm', 'inputs', 'alpaca_basic.json'),
        outputPrefix: part(name),
        handler: 'alpaca',
        template: 'llama2',
        tokenizer: path.join(fixtures, 'llama2-tokenizer'),
      })
      await preprocess(spec, { signal: live, advance: () => undefined })
    }
    const keys = ['input_ids', 'attention_mask', 'labels'].map((key) => `packed_${key}_document`)
    const { passport } = await merge(keys)
    const dataset = await openInstructionDataset(path.join(folder, 'all'))
    const one = await openInstructionDataset(part('one'))
    expect(dataset.length).toBe(one.length * 2)
    expect(dataset.passport).toEqual(passport)
    expect(passport?.tokens).toBe((one.passport?.tokens ?? 0) * 2)
    expect(await dataset.sample(one.length)).toEqual(await one.sample(0))
    await dataset.close()
    await one.close()
  })

  it('refuses a key that stands in different kinds of data', async () => {
    await write('x_packed_chosen_labels_document', [[[1]]])
    await write('x_packed_rejected_labels_document', [[[1]]])
    await expect(merge(['labels_document'])).rejects.toMatchObject({ code: 'dataset.mergeAmbiguous' })
    expect(await outputs()).toEqual([])
    await merge(['packed_chosen_labels_document'])
    expect(await outputs()).toContain('all_packed_chosen_labels_document.bin')
  })

  it('refuses missing keys, halves and data of another type, and leaves nothing behind', async () => {
    await expect(merge(['text_document'])).rejects.toMatchObject({ code: 'dataset.mergeMissing' })
    await write('a_text_document', [[[1]]])
    await write('b_text_document', [[[1]]])
    const idx = await readFile(part('b_text_document.idx'))
    await rm(part('b_text_document.idx'))
    await expect(merge(['text_document'])).rejects.toMatchObject({ code: 'file.missing' })
    idx.writeUInt8(8, 17)
    await writeFile(part('b_text_document.idx'), idx)
    await expect(merge(['text_document'])).rejects.toMatchObject({ code: 'dataset.mergeDtype' })
    await rm(part('b_text_document.idx'))
    await rm(part('b_text_document.bin'))
    await expect(merge(['text_document'], AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
    expect(await outputs()).toEqual([])
  })
})
