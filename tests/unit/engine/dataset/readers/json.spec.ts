import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ArrayCutter, LineCutter, parseRow } from '#engine/dataset/readers/json-rows.ts'
import { openReader } from '#engine/dataset/readers/open.ts'
import type { RawRow } from '#engine/dataset/readers/reader.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-readers-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function read(name: string, content: string | Uint8Array): Promise<RawRow[]> {
  const file = path.join(folder, name)
  await writeFile(file, content)
  const reader = await openReader(file)
  const rows: RawRow[] = []
  for await (const batch of reader.batches()) rows.push(...batch)
  expect(reader.bytesRead).toBe(reader.totalBytes)
  expect(reader.sha256).toBe(createHash('sha256').update(content).digest('hex'))
  return rows
}

const values = (rows: RawRow[]): unknown[] => rows.map(({ value }) => value)

describe('openReader', () => {
  it('reads an array with rows and lines numbered from 1', async () => {
    const rows = await read('array.json', '[\n {"a": "]},\\"["},\n\n {"a": [1, {"b": 2}]}\n]\n')
    expect(rows).toMatchObject([
      { row: 1, line: 2, value: { a: ']},"[' } },
      { row: 2, line: 4, value: { a: [1, { b: 2 }] } },
    ])
  })

  it('hands on elements that are no objects', async () => {
    expect(values(await read('bare.json', '[1,"x]",null , true,[2],-3.5e1]'))).toEqual([1, 'x]', null, true, [2], -35])
    expect(await read('none.json', ' [ ] ')).toEqual([])
  })

  it('reads one object per line, also from .json, with CRLF, blank lines and no line break at the end', async () => {
    for (const name of ['lines.jsonl', 'lines.json']) {
      const rows = await read(name, '{"a":1}\r\n\r\n{"a":2}\n{"a":3}')
      expect(rows).toMatchObject([
        { row: 1, line: 1, value: { a: 1 } },
        { row: 2, line: 3, value: { a: 2 } },
        { row: 3, line: 4, value: { a: 3 } },
      ])
    }
  })

  it('tolerates a byte order mark', async () => {
    expect(values(await read('bom.json', '\ufeff[{"a":"\ufeffx"}]'))).toEqual([{ a: '\ufeffx' }])
    expect(values(await read('bom.jsonl', '\ufeff{"a":1}\n'))).toEqual([{ a: 1 }])
  })

  it('sets a bad line aside and goes on', async () => {
    const bad = Buffer.concat([
      Buffer.from('{"a":1}\n{"a":\n{"a":"'),
      Buffer.from([0xff]),
      Buffer.from('"}\n{"a":2}\n'),
    ])
    const rows = await read('bad.jsonl', bad)
    expect(rows.map(({ problem }) => problem?.reason)).toEqual([undefined, 'notJson', 'badEncoding', undefined])
  })

  it.each([
    ['cut in a string', '[{"a": "b"}, {"a": "c', 'dataset.cut', 21],
    ['cut after an element', '[{"a": "b"}', 'dataset.cut', 11],
    ['a broken element', '[{"a": 1}, {"a": x}]', 'dataset.notJson', 11],
    ['two commas', '[1,,2]', 'dataset.notJson', 3],
    ['a comma at the end', '[1,]', 'dataset.notJson', 3],
    ['something behind the end', '[1] 2', 'dataset.notJson', 4],
  ])('refuses an array: %s', async (_name, content, code, byte) => {
    await expect(read('refused.json', content)).rejects.toMatchObject({ code, params: { byte } })
    await expect(read('refused.json', `\ufeff${content}`)).rejects.toMatchObject({ code, params: { byte: byte + 3 } })
  })

  it.each([
    ['an object over several lines', 'object.json', '{\n "a": 1\n}', 'dataset.formatUnknown'],
    ['plain text', 'plain.json', 'hello', 'dataset.formatUnknown'],
    ['an empty file', 'empty.json', '', 'dataset.empty'],
  ])('refuses %s', async (_what, name, content, code) => {
    await expect(read(name, content)).rejects.toMatchObject({ code })
  })

  it('says which file is missing', async () => {
    await expect(openReader(path.join(folder, 'absent.json'))).rejects.toMatchObject({ code: 'file.missing' })
  })
})

describe('cutting', () => {
  const cut = (cutter: ArrayCutter | LineCutter, bytes: Uint8Array, sizes: number[]): unknown[] => {
    const found: unknown[] = []
    const emit = (row: { bytes: Uint8Array | null }) => found.push(parseRow(row.bytes).value)
    let at = 0
    for (const size of sizes) {
      cutter.push(bytes.subarray(at, at + size), emit)
      at += size
    }
    cutter.push(bytes.subarray(at), emit)
    cutter.end(emit)
    return found
  }
  const rows = fc.array(fc.jsonValue(), { maxLength: 8 })
  const sizes = fc.array(fc.integer({ min: 0, max: 9 }))

  it('finds the same elements wherever the chunks end', () => {
    fc.assert(
      fc.property(rows, sizes, fc.constantFrom(0, 1), (list, chunks, indent) => {
        const bytes = Buffer.from(JSON.stringify(list, null, indent))
        expect(JSON.stringify(cut(new ArrayCutter(), bytes, chunks))).toBe(JSON.stringify(list))
      }),
    )
  })

  it('finds the same lines wherever the chunks end', () => {
    fc.assert(
      fc.property(rows, sizes, (list, chunks) => {
        const bytes = Buffer.from(list.map((row) => JSON.stringify(row)).join('\n'))
        expect(JSON.stringify(cut(new LineCutter(), bytes, chunks))).toBe(JSON.stringify(list))
      }),
    )
  })
})
