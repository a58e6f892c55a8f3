import { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openIndexedDataset, openInstructionDataset } from '#engine/dataset/indexed/read.ts'
import { IndexedWriter } from '#engine/dataset/indexed/write.ts'

const golden = fileURLToPath(new URL('../../../../fixtures/dataset/indexed', import.meta.url))
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-indexed-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function write(name: string, documents: readonly (readonly number[])[][]): Promise<string> {
  const stem = path.join(folder, name)
  const writer = await IndexedWriter.create(stem)
  for (const document of documents) {
    for (const sequence of document) writer.addSequence(Int32Array.from(sequence))
    writer.endDocument()
  }
  await writer.finish()
  return stem
}

describe('IndexedWriter', () => {
  // Contents as Megatron's own builder was given them.
  it.each([
    ['int32_emptyseq', [[[49, 9, 9], []], [[11, 26]]]],
    ['int32_emptydoc', [[[1, 98, 78]], [], [[42, 37]]]],
  ])('writes %s as Megatron does', async (name, documents) => {
    const stem = await write(name, documents)
    for (const end of ['bin', 'idx']) {
      const ours = await readFile(`${stem}.${end}`)
      expect(ours.equals(await readFile(path.join(golden, `${name}.${end}`))), end).toBe(true)
    }
  })

  it('lays out the index as specified', async () => {
    const idx = await readFile(`${await write('layout', [[[7, 8, 9]], [[1]]])}.idx`)
    expect(idx.subarray(0, 9).toString('latin1')).toBe('MMIDIDX\0\0')
    expect(idx.readBigUInt64LE(9)).toBe(1n)
    expect(idx.readUInt8(17)).toBe(4)
    expect([idx.readBigUInt64LE(18), idx.readBigUInt64LE(26)]).toEqual([2n, 3n])
    expect([idx.readInt32LE(34), idx.readInt32LE(38)]).toEqual([3, 1])
    expect([idx.readBigInt64LE(42), idx.readBigInt64LE(50)]).toEqual([0n, 12n])
    expect([58, 66, 74].map((at) => idx.readBigInt64LE(at))).toEqual([0n, 1n, 2n])
    expect(idx).toHaveLength(82)
  })
})

describe('openIndexedDataset', () => {
  it('reads what Megatron wrote, sequences without tokens too', async () => {
    const dataset = await openIndexedDataset(path.join(golden, 'int32_emptyseq'))
    expect(dataset).toMatchObject({ length: 3, documents: 2, dtype: 'int32' })
    expect([...(await dataset.sequence(0))]).toEqual([49, 9, 9])
    expect([...(await dataset.sequence(1))]).toEqual([])
    expect([...(await dataset.sequence(2))]).toEqual([11, 26])
    expect([...(await dataset.lengths(1, 5))]).toEqual([0, 2])
    await expect(dataset.sequence(3)).rejects.toMatchObject({ code: 'dataset.sampleMissing' })
    await dataset.close()
  })

  it('honours the dtype code', async () => {
    const stem = await write('uint16', [[[1, 2]]])
    const idx = await readFile(`${stem}.idx`)
    idx.writeUInt8(8, 17)
    await writeFile(`${stem}.idx`, idx)
    await writeFile(`${stem}.bin`, Buffer.from(Uint16Array.of(65535, 3).buffer))
    const dataset = await openIndexedDataset(stem)
    expect([...(await dataset.sequence(0))]).toEqual([65535, 3])
    await dataset.close()
  })

  it.each([
    ['another first byte', (idx: Buffer) => idx.writeUInt8(0x4e, 0)],
    ['another version', (idx: Buffer) => idx.writeUInt8(2, 9)],
    ['an unknown dtype', (idx: Buffer) => idx.writeUInt8(9, 17)],
    ['more sequences than there are', (idx: Buffer) => idx.writeUInt8(9, 18)],
    ['a last document elsewhere', (idx: Buffer) => idx.writeUInt8(5, idx.length - 8)],
  ])('refuses an index with %s', async (name, damage) => {
    const stem = await write(`damaged ${name}`, [[[1, 2]], [[3]]])
    const idx = await readFile(`${stem}.idx`)
    damage(idx)
    await writeFile(`${stem}.idx`, idx)
    await expect(openIndexedDataset(stem)).rejects.toMatchObject({ code: 'dataset.indexInvalid' })
  })

  it('finds a sequence behind 100 GB without reading what is before it', async ({ skip }) => {
    const stem = path.join(folder, 'sparse')
    const sequences = 50_000_000
    const at = 100 * 1024 ** 3
    const idxBytes = 34 + sequences * 12 + (sequences + 1) * 8
    try {
      for (const [end, bytes] of [
        ['bin', at + 12],
        ['idx', idxBytes],
      ] as const) {
        await writeFile(`${stem}.${end}`, '')
        await truncate(`${stem}.${end}`, bytes)
      }
    } catch (error) {
      skip(`this file system has no files with holes: ${String(error)}`)
    }
    const put = async (end: 'bin' | 'idx', position: number, bytes: Uint8Array): Promise<void> => {
      const handle = await open(`${stem}.${end}`, 'r+')
      await handle.write(bytes, 0, bytes.length, position)
      await handle.close()
    }
    const head = Buffer.alloc(34)
    head.write('MMIDIDX\0\0', 'latin1')
    head.writeBigUInt64LE(1n, 9)
    head.writeUInt8(4, 17)
    head.writeBigUInt64LE(BigInt(sequences), 18)
    head.writeBigUInt64LE(BigInt(sequences + 1), 26)
    await put('idx', 0, head)
    await put('idx', 34 + (sequences - 1) * 4, Uint8Array.of(3, 0, 0, 0))
    await put('idx', 34 + sequences * 4 + (sequences - 1) * 8, new Uint8Array(BigInt64Array.of(BigInt(at)).buffer))
    await put('idx', idxBytes - 8, new Uint8Array(BigInt64Array.of(BigInt(sequences)).buffer))
    await put('bin', at, new Uint8Array(Int32Array.of(7, 8, 9).buffer))
    const before = process.memoryUsage().rss
    const dataset = await openIndexedDataset(stem)
    expect(dataset.length).toBe(sequences)
    expect([...(await dataset.sequence(sequences - 1))]).toEqual([7, 8, 9])
    expect([...(await dataset.sequence(25_000_000))]).toEqual([])
    await dataset.close()
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6)
  })

  it('names the file that is missing or cut', async () => {
    await expect(openIndexedDataset(path.join(folder, 'absent'))).rejects.toMatchObject({
      code: 'file.missing',
      params: { path: path.join(folder, 'absent.idx') },
    })
    const stem = await write('cut', [[[1, 2]], [[3, 4]]])
    await truncate(`${stem}.bin`, 12)
    const dataset = await openIndexedDataset(stem)
    await expect(dataset.sequence(1)).rejects.toMatchObject({ code: 'dataset.indexInvalid' })
    await dataset.close()
  })
})

describe('openInstructionDataset', () => {
  it('refuses keys of different length', async () => {
    await write('odd_packed_input_ids_document', [[[1]], [[2]]])
    await write('odd_packed_attention_mask_document', [[[1]], [[1]]])
    await write('odd_packed_labels_document', [[[1]]])
    await expect(openInstructionDataset(path.join(folder, 'odd'))).rejects.toMatchObject({
      code: 'dataset.indexInvalid',
    })
  })

  it('reads a dataset of another program, which has no passport', async () => {
    for (const key of ['input_ids', 'attention_mask', 'labels']) await write(`bare_packed_${key}_document`, [[[5, 6]]])
    const dataset = await openInstructionDataset(path.join(folder, 'bare'))
    expect(dataset).toMatchObject({ length: 1, passport: null })
    expect(await dataset.sample(0)).toEqual({ ids: Int32Array.of(5, 6), labels: Int32Array.of(5, 6) })
    await dataset.close()
  })
})
