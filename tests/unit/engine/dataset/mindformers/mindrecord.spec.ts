import { createHash } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packBlob, packIntegers } from '#engine/dataset/mindformers/mindrecord/values.ts'
import { type MindRecordOptions, MindRecordWriter, shardNames } from '#engine/dataset/mindformers/mindrecord/writer.ts'
import { StagedFiles } from '#engine/dataset/writers/staging.ts'
import { readMindRecord } from '../../../../fixtures/dataset/mindrecord-reader.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-mindrecord-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type Rows = Record<string, Int32Array>[]

async function write(rows: Rows, options: Partial<MindRecordOptions> = {}): Promise<string> {
  const output = path.join(folder, 'x.mindrecord')
  const all = { output, shards: 1, columns: ['labels', 'input_ids'], description: 'qa', seed: 1, ...options }
  const staged = await StagedFiles.create(output, shardNames(output, all.shards))
  const writer = await MindRecordWriter.create(all, staged)
  for (const row of rows) await writer.add(row)
  await writer.finish()
  await staged.commit()
  return output
}

const plain = (rows: Rows) =>
  rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, values]) => [name, [...values]])))

const randomRows = (count: number): Rows =>
  Array.from({ length: count }, (_, i) => ({
    input_ids: Int32Array.from({ length: (i * 7) % 23 }, (_v, j) => (i * 7919 + j * 104_729) % 131_072),
    labels: Int32Array.from({ length: (i * 7) % 23 }, (_v, j) => (j % 3 === 0 ? -100 : j - 70_000 * (i % 2))),
  }))

describe('the values of a row', () => {
  it('are packed in the width that each needs', () => {
    const packed = packIntegers(Int32Array.of(1, 300, -100, 70_000, 2))
    expect(packed.toString('hex')).toBe('00000005' + '1200' + '01' + '2c01' + '9c' + '70110100' + '02')
    const edges = [127, 128, -128, -129, 32_767, 32_768, -32_768, -32_769]
    expect(packIntegers(Int32Array.from(edges)).length).toBe(4 + 2 + 1 + 2 + 1 + 2 + 2 + 4 + 2 + 4)
  })

  it('stand behind their lengths when there are several columns', () => {
    const blob = packBlob([packIntegers(Int32Array.of(1, 300)), packIntegers(Int32Array.of(-100, 2))])
    expect(blob.toString('hex')).toBe(
      '0000000000000008' + '00000002' + '10' + '01' + '2c01' + '0000000000000007' + '00000002' + '00' + '9c02',
    )
    expect(packBlob([Buffer.from('ab')]).toString()).toBe('ab')
  })
})

describe('a MindRecord file', () => {
  it('has its parts at their places', async () => {
    const file = await write([{ input_ids: Int32Array.of(1, 300), labels: Int32Array.of(-100, 2) }])
    const bytes = await readFile(file)
    const length = Number(bytes.readBigUInt64LE(0))
    expect(bytes.toString('utf8', 8, 8 + length)).toBe(
      '{"header_size":16777216,"index_fields":null,"page":[' +
        '{"end_row_id":1,"page_id":0,"page_size":39,"page_type":"BLOB_DATA","page_type_id":0,' +
        '"row_group_ids":[{"id":0,"offset":0}],"shard_id":0,"start_row_id":0},' +
        '{"end_row_id":0,"page_id":1,"page_size":13,"page_type":"RAW_DATA","page_type_id":0,' +
        '"row_group_ids":[{"id":0,"offset":0}],"shard_id":0,"start_row_id":0}],' +
        '"page_size":33554432,"compression_size":1,"schema":[{"blob_fields":["input_ids","labels"],"desc":"qa",' +
        '"schema":{"input_ids":{"shape":[-1],"type":"int32"},"labels":{"shape":[-1],"type":"int32"}}}],' +
        '"shard_addresses":["x.mindrecord"],"shard_id":0,"statistics":null,"version":"3.0"}',
    )
    const blob = 16 * 1024 * 1024
    expect(bytes.toString('hex', blob, blob + 39)).toBe(
      '1f00000000000000' + '0000000000000008' + '00000002' + '10012c01' + '0000000000000007' + '00000002' + '009c02',
    )
    expect(bytes.toString('hex', blob + 32 * 1024 * 1024)).toBe('050000000000000081a2696400')
    expect(bytes.subarray(8 + length, blob).every((byte) => byte === 0)).toBe(true)
    if (process.platform !== 'win32') {
      for (const name of [file, `${file}.db`]) expect((await stat(name)).mode & 0o777).toBe(0o600)
    }
    expect((await readdir(folder)).sort()).toEqual(['x.mindrecord', 'x.mindrecord.db'])
  })

  it.each([
    ['blob pages are full first', { header: 16_384, page: 512 }, 120],
    ['raw pages are full first', { header: 16_384, page: 520 }, 400],
  ])('is read back over many pages where %s', async (_name, sizes, count) => {
    const rows = randomRows(count).map((row, i) => (count === 400 && i < 300 ? { ...row, ...empty } : row))
    const found = readMindRecord(await write(rows, { sizes }))
    expect(found.rows).toEqual(plain(rows))
    const pages = found.header.page as { page_type: string; page_id: number; page_type_id: number }[]
    expect(pages.map(({ page_id }) => page_id)).toEqual(pages.map((_page, i) => i))
    const blobs = pages.filter(({ page_type }) => page_type === 'BLOB_DATA')
    expect(blobs.map(({ page_type_id }) => page_type_id)).toEqual(blobs.map((_page, i) => i))
    expect(pages.length - blobs.length).toBeGreaterThan(1)
  })

  it('spreads rows over shards by the seed, the same bytes each time', async () => {
    const rows = randomRows(50)
    const digests: string[] = []
    for (let run = 0; run < 2; run++) {
      const output = await write(rows, { shards: 11, sizes: { header: 16_384, page: 32_768 } })
      const names = (await readdir(folder)).filter((name) => !name.endsWith('.db')).sort()
      expect(names[10]).toBe('x.mindrecord10')
      const parts = names.map((name) => readMindRecord(path.join(folder, name)))
      expect(parts.map(({ header }) => header.shard_id)).toEqual(names.map((_name, i) => i))
      expect(parts[0]?.header.shard_addresses).toEqual(names)
      const key = (row: unknown) => JSON.stringify(row)
      expect(parts.flatMap((part) => part.rows.map(key)).sort()).toEqual(plain(rows).map(key).sort())
      const hash = createHash('sha256')
      for (const name of (await readdir(folder)).sort()) hash.update(await readFile(path.join(folder, name)))
      digests.push(hash.digest('hex'))
      for (const name of await readdir(folder)) await rm(path.join(path.dirname(output), name))
    }
    expect(digests[0]).toBe(digests[1])
  })

  it('refuses a row that does not fit into a page, and leaves out pages when there are no rows', async () => {
    const row = { input_ids: new Int32Array(600), labels: new Int32Array(0) }
    await expect(write([row], { sizes: { header: 16_384, page: 512 } })).rejects.toMatchObject({
      code: 'dataset.recordTooLarge',
    })
    await rm(folder, { recursive: true })
    const found = readMindRecord(await write([]))
    expect(found).toMatchObject({ rows: [], header: { page: null } })
  })
})

const empty = { input_ids: new Int32Array(0), labels: new Int32Array(0) }
