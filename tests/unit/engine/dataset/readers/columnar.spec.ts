import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { CompressionType, tableFromArrays, tableToIPC } from '@uwdata/flechette'
import type { CompressionCodec } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeLz4Frame } from '#engine/dataset/readers/lz4.ts'
import { openReader } from '#engine/dataset/readers/open.ts'
import type { RawRow } from '#engine/dataset/readers/reader.ts'
import { lz4Block, lz4Frame, lz4Hadoop, parquetOfPages } from '../../../../fixtures/dataset/parquet-pages.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-columnar-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(name: string, content: Uint8Array): Promise<RawRow[]> {
  const file = path.join(folder, name)
  await writeFile(file, content)
  const reader = await openReader(file)
  const rows: RawRow[] = []
  for await (const batch of reader.batches()) rows.push(...batch)
  expect(reader.bytesRead).toBe(reader.totalBytes)
  expect(reader.sha256).toBe(createHash('sha256').update(content).digest('hex'))
  return rows
}

const COUNT = 1500
const texts = Array.from({ length: COUNT }, (_, i) => `row ${i} 中文`)
const turns = texts.map((text, i) => [
  { role: 'user', content: text },
  { role: 'bot', content: `answer ${i}` },
])
const codecs = {
  GZIP: (input: Uint8Array) => gzipSync(input),
  ZSTD: (input: Uint8Array) => zstdCompressSync(input),
  BROTLI: (input: Uint8Array) => brotliCompressSync(input),
}

const parquet = (codec: CompressionCodec): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'text', data: texts, type: 'STRING' },
        { name: 'number', data: texts.map((_, i) => BigInt(i)), type: 'INT64' },
        { name: 'messages', data: turns, type: 'JSON' },
      ],
      rowGroupSize: [400],
      codec,
      compressors: codecs,
    }),
  )

describe('parquet', () => {
  it.each(['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'ZSTD', 'BROTLI'] as const)('reads %s over row groups', async (codec) => {
    const rows = await read(`${codec}.parquet`, parquet(codec))
    expect(rows.map(({ row }) => row)).toEqual(texts.map((_, i) => i + 1))
    expect(rows[1234]?.value).toEqual({ text: texts[1234], number: 1234, messages: turns[1234] })
  })

  const packers: readonly (readonly [
    name: string,
    codec: CompressionCodec,
    compress: (page: Uint8Array) => Uint8Array,
  ])[] = [
    ['nothing', 'UNCOMPRESSED', (page) => page],
    ['gzip', 'GZIP', (page) => gzipSync(page)],
    ['zstd', 'ZSTD', (page) => zstdCompressSync(page)],
    ['brotli', 'BROTLI', (page) => brotliCompressSync(page)],
    ['bare LZ4', 'LZ4_RAW', lz4Block],
    ['LZ4 in the frames of Hadoop', 'LZ4', lz4Hadoop],
    ['LZ4 frames', 'LZ4', lz4Frame],
    ['bare LZ4 called LZ4', 'LZ4', lz4Block],
  ]

  it.each(packers)('reads pages packed with %s, and their checksums', async (name, codec, compress) => {
    for (const isV2 of [false, true]) {
      const { bytes } = parquetOfPages(texts, { codec, compress, isV2, hasChecksums: true })
      const rows = await read(`pages of ${name}.parquet`, bytes)
      expect(rows.map(({ value }) => (value as { text: string }).text)).toEqual(texts)
    }
  })

  it.each(packers)('refuses any flipped bit in pages of %s by their checksums', async (name, codec, compress) => {
    const { bytes, pages } = parquetOfPages(texts, { codec, compress, hasChecksums: true })
    const third = pages[2] ?? 0
    for (const [place, bit] of [
      [0, 0],
      [9, 7],
      [120, 3],
    ] as const) {
      const damaged = bytes.slice()
      damaged[third + place] = (damaged[third + place] ?? 0) ^ (1 << bit)
      await expect(read(`flipped ${name}.parquet`, damaged)).rejects.toMatchObject({
        code: 'dataset.corrupt',
        params: { reason: 'row group 1 of 1: column text: page 3 has another checksum' },
      })
    }
  })

  it.each(packers)(
    'finds damage in pages of %s without checksums, or gives all rows',
    async (name, codec, compress) => {
      const { bytes, pages } = parquetOfPages(texts, { codec, compress, hasChecksums: false })
      const [from, to] = [pages[0] ?? 0, pages.at(-1) ?? 0]
      let found = 0
      for (let at = from; at < to; at += Math.ceil((to - from) / 20)) {
        const damaged = bytes.slice()
        damaged[at] = (damaged[at] ?? 0) ^ 0xff
        const rows = await read(`damaged ${name}.parquet`, damaged).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'dataset.corrupt' })
          return null
        })
        if (rows === null) found++
        else expect(rows.length).toBe(COUNT)
      }
      expect(found).toBeGreaterThan(0)
    },
  )

  it('refuses a cut and a damaged file', async () => {
    const bytes = parquet('GZIP')
    await expect(read('cut.parquet', bytes.subarray(0, -50))).rejects.toMatchObject({ code: 'dataset.corrupt' })
    const damaged = bytes.slice()
    damaged.fill(0x55, 60, 200)
    await expect(read('page.parquet', damaged)).rejects.toMatchObject({ code: 'dataset.corrupt' })
  })

  it('sets rows aside whose text is not UTF-8', async () => {
    const bytes = parquet('UNCOMPRESSED')
    const at = Buffer.from(bytes).indexOf('row 7 ')
    bytes[at] = 0xff
    const rows = await read('encoding.parquet', bytes)
    expect(rows.filter(({ problem }) => problem?.reason === 'badEncoding').map(({ row }) => row)).toEqual([8])
  })
})

describe('arrow', () => {
  const table = tableFromArrays({ text: texts, number: texts.map((_, i) => i), messages: turns })
  const bytes = (format: 'stream' | 'file', codec?: number): Uint8Array =>
    tableToIPC(table, { format, ...(codec === undefined ? {} : { codec }) } as Parameters<typeof tableToIPC>[1])!

  it.each([
    ['a stream', 'stream', undefined],
    ['a file', 'file', undefined],
    ['a packed stream', 'stream', CompressionType.ZSTD],
  ] as const)('reads %s with nested columns', async (name, format, codec) => {
    await openReader(await writeTiny())
    const rows = await read(`${name}.arrow`, bytes(format, codec))
    expect(rows.length).toBe(COUNT)
    expect(rows[1234]).toMatchObject({
      row: 1235,
      value: { text: texts[1234], number: 1234, messages: turns[1234] },
    })
  })

  it.each(['stream', 'file'] as const)('refuses a cut %s', async (format) => {
    const all = bytes(format)
    for (const size of [all.length >> 1, all.length - 30, 40]) {
      if (format === 'stream' && size === all.length - 30) continue
      await expect(read('cut.arrow', all.subarray(0, size))).rejects.toMatchObject({ code: 'dataset.corrupt' })
    }
  })

  /** Loads the reader, and with it the codecs, before a packed table is written. */
  async function writeTiny(): Promise<string> {
    const file = path.join(folder, 'tiny.arrow')
    await writeFile(file, bytes('file'))
    return file
  }
})

describe('decodeLz4Frame', () => {
  const header = [0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0]

  it('copies literals, overlapping matches and stored blocks', () => {
    // "ab", then a match of 8 at distance 2, then the literal "c"; then a stored block "xy".
    const block = [0x24, 0x61, 0x62, 0x02, 0x00, 0x10, 0x63]
    const frame = [...header, block.length, 0, 0, 0, ...block, 2, 0, 0, 0x80, 0x78, 0x79, 0, 0, 0, 0]
    expect(Buffer.from(decodeLz4Frame(Uint8Array.from(frame), 13)).toString()).toBe('abababababcxy')
    expect(() => decodeLz4Frame(Uint8Array.from(frame), 12)).toThrow(RangeError)
    expect(() => decodeLz4Frame(Uint8Array.from(frame.slice(0, 12)), 13)).toThrow(RangeError)
  })
})
