import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CsvCutter, splitCells } from '#engine/dataset/readers/csv.ts'
import { openReader } from '#engine/dataset/readers/open.ts'
import type { RawRow } from '#engine/dataset/readers/reader.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-text-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(name: string, content: string | Uint8Array): Promise<RawRow[]> {
  const file = path.join(folder, name)
  await writeFile(file, content)
  return await readAll(file)
}

async function readAll(file: string): Promise<RawRow[]> {
  const rows: RawRow[] = []
  for await (const batch of (await openReader(file)).batches()) rows.push(...batch)
  return rows
}

const values = (rows: RawRow[]): unknown[] => rows.map(({ value }) => value)

describe('csv', () => {
  it('reads quotes, line breaks in cells, empty cells and a byte order mark', async () => {
    const text = '\ufeffinstruction,input,output\r\n"a, ""b""",,"c\nd"\r\n\r\nx,"",5" wide\n'
    expect(await read('good.csv', text)).toMatchObject([
      { row: 1, line: 2, value: { instruction: 'a, "b"', input: null, output: 'c\nd' } },
      { row: 2, line: 5, value: { instruction: 'x', input: '', output: '5" wide' } },
    ])
    expect(values(await read('tabs.tsv', 'a\tb\n1,2\t3'))).toEqual([{ a: '1,2', b: '3' }])
  })

  it('sets rows aside that do not fit', async () => {
    const bytes = Buffer.concat([
      Buffer.from('a,b\n1,2,3\n'),
      Buffer.from([0xff, 0x0a]),
      Buffer.from('x\n"open,1\n2,3\n'),
    ])
    const rows = await read('bad.csv', bytes)
    expect(rows.map(({ problem }) => problem?.reason)).toEqual(['badCells', 'badEncoding', undefined, 'badCells'])
    expect(rows[2]?.value).toEqual({ a: 'x', b: null })
    await expect(read('twice.csv', 'a,a\n1,2\n')).rejects.toMatchObject({ code: 'dataset.corrupt' })
  })

  it('cuts alike whatever the chunks', () => {
    const rowsOf = (text: string, size: number) => {
      const cutter = new CsvCutter(',')
      const rows: (string | null)[][] = []
      const emit = ({ bytes }: { bytes: Uint8Array | null }) =>
        rows.push(splitCells(Buffer.from(bytes ?? []).toString(), ','))
      const all = Buffer.from(text)
      for (let at = 0; at < all.length; at += size) cutter.push(all.subarray(at, at + size), emit)
      cutter.end(emit)
      return rows
    }
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '中'), minLength: 1 })
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 1 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 9 }),
        (rows, size) => {
          const text = rows.map((cells) => cells.map((c) => `"${c.replaceAll('"', '""')}"`).join(',')).join('\n')
          expect(rowsOf(text, size)).toEqual(rows)
        },
      ),
    )
  })
})

describe('text', () => {
  it('makes a row of each line, empty ones too', async () => {
    const rows = await read('lines.txt', 'one\r\n\n[three]\n')
    expect(values(rows)).toEqual([{ text: 'one' }, { text: '' }, { text: '[three]' }])
    const mixed = Buffer.concat([Buffer.from('good\n'), Buffer.from([0xc3, 0x28]), Buffer.from('\nlast')])
    expect((await read('mixed.txt', mixed)).map(({ problem }) => problem?.reason)).toEqual([
      undefined,
      'badEncoding',
      undefined,
    ])
  })

  it('refuses other encodings', async () => {
    const utf16 = Buffer.from('\ufeff{"a":1}\n', 'utf16le')
    await expect(read('wide.jsonl', utf16)).rejects.toMatchObject({ code: 'dataset.encoding' })
  })
})

/** A text packed as frames one behind the other. */
const frames = (text: string, count: number): Buffer => {
  const size = Math.ceil(text.length / count)
  return Buffer.concat(Array.from({ length: count }, (_, i) => zstdCompressSync(text.slice(i * size, (i + 1) * size))))
}

describe('packed texts', () => {
  const lines = Array.from({ length: 3000 }, (_, i) => `{"a":${i}}`).join('\n')

  it.each([
    ['lines.jsonl.gz', gzipSync(lines)],
    ['lines.jsonl.zst', zstdCompressSync(lines)],
    ['unnamed', gzipSync(lines)],
    ['parts.jsonl.gz', Buffer.concat([gzipSync(lines.slice(0, 100)), gzipSync(lines.slice(100))])],
    ['parts.jsonl.zst', frames(lines, 10)],
  ])('reads %s', async (name, content) => {
    const rows = await read(name, content)
    expect(rows.length).toBe(3000)
    expect(rows.at(-1)).toMatchObject({ row: 3000, line: 3000, value: { a: 2999 } })
  })

  it('hashes a file of many zstd frames once, larger ones too', async () => {
    let seed = 3
    const noise = Array.from({ length: 40_000 }, () => `{"a":${(seed = (seed * 48_271) % 2_147_483_647)}}`).join('\n')
    const content = frames(noise, 7)
    const file = path.join(folder, 'noise.jsonl.zst')
    await writeFile(file, content)
    const reader = await openReader(file)
    let rows = 0
    for await (const batch of reader.batches()) rows += batch.length
    expect(rows).toBe(40_000)
    expect(reader.sha256).toBe(createHash('sha256').update(content).digest('hex'))
    expect(reader.bytesRead).toBe(content.length)
  })

  it.each([
    ['cut.jsonl.gz', gzipSync(lines).subarray(0, -20)],
    ['cut.jsonl.zst', zstdCompressSync(lines).subarray(0, -20)],
    ['parts.jsonl.zst', frames(lines, 10).subarray(0, -20)],
    ['behind.jsonl.zst', Buffer.concat([zstdCompressSync(lines), Buffer.from('no frame')])],
    ['bad.jsonl.gz', gzipSync(lines).fill(7, 200, 300)],
  ])('refuses %s', async (name, content) => {
    await expect(read(name, content)).rejects.toMatchObject({ code: 'dataset.corrupt' })
  })
})

describe('folders', () => {
  it('reads the most frequent kind in order and tells what is left out', async () => {
    const place = path.join(folder, 'mixed')
    await mkdir(place)
    await writeFile(path.join(place, 'b.jsonl'), '{"a":2}\n{"a":3}')
    await writeFile(path.join(place, 'a.json'), '[{"a":1}]')
    await writeFile(path.join(place, 'other.txt'), 'no')
    await writeFile(path.join(place, 'readme.md'), 'no')
    const reader = await openReader(place)
    expect(reader.notes?.[0]?.en).toContain('other.txt')
    const rows = await readAll(place)
    expect(rows).toMatchObject([
      { row: 1, line: 1, value: { a: 1 }, file: path.join(place, 'a.json') },
      { row: 2, line: 1, value: { a: 2 } },
      { row: 3, line: 2, value: { a: 3 } },
    ])
  })

  it('refuses a folder without data', async () => {
    const place = path.join(folder, 'none')
    await mkdir(place)
    await expect(openReader(place)).rejects.toMatchObject({ code: 'dataset.folderEmpty' })
  })
})
