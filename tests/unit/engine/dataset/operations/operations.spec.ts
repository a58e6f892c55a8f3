import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deduplicateRows } from '#engine/dataset/operations/deduplicate.ts'
import { sampleRows, splitRows } from '#engine/dataset/operations/divide.ts'
import { Duplicates } from '#engine/dataset/operations/duplicates.ts'
import { DeduplicateRowsSpec, SampleRowsSpec, SplitRowsSpec } from '#engine/protocol/dataset-operations-tasks.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-operations-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const at = (name: string) => path.join(folder, name)
const hooks = () => ({ signal: new AbortController().signal, advance: () => undefined })
const lines = async (name: string) => (await readFile(at(name), 'utf8')).split('\n').filter((line) => line !== '')
const numbers = async (name: string) => (await lines(name)).map((line) => (JSON.parse(line) as { n: number }).n)

async function rowsFile(count: number): Promise<string> {
  await writeFile(at('rows.jsonl'), Array.from({ length: count }, (_, n) => `{"n":${n}}\n`).join(''))
  return at('rows.jsonl')
}

describe('sample', () => {
  const sample = async (rows: number, seed: number, output = 'some.jsonl') =>
    sampleRows(SampleRowsSpec.parse({ input: at('rows.jsonl'), output: at(output), rows, seed }), hooks())

  it('takes exactly as many as asked for, in order, the same ones for the same seed', async () => {
    await rowsFile(1000)
    const passport = await sample(50, 7)
    const taken = await numbers('some.jsonl')
    expect(taken).toHaveLength(50)
    expect(taken).toEqual([...new Set(taken)].sort((a, b) => a - b))
    expect(passport).toMatchObject({ rows: 1000, written: { 'some.jsonl': 50 }, settings: { rows: 50, seed: 7 } })
    await sample(50, 7, 'again.jsonl')
    await sample(50, 8, 'other.jsonl')
    expect(await numbers('again.jsonl')).toEqual(taken)
    expect(await numbers('other.jsonl')).not.toEqual(taken)
  })

  it('takes all where there are fewer', async () => {
    await rowsFile(3)
    await sample(10, 1)
    expect(await numbers('some.jsonl')).toEqual([0, 1, 2])
  })

  it('keeps numbers as they are written, and puts rows on one line', async () => {
    await writeFile(at('rows.jsonl'), '[\n {"a": 12345678901234567890,\n  "b": 1.0, "c": "x\\ny"}\n]')
    await sample(1, 1)
    expect(await lines('some.jsonl')).toEqual([String.raw`{"a": 12345678901234567890, "b": 1.0, "c": "x\ny"}`])
  })

  it('sets rows aside that cannot be read, or fails at them', async () => {
    await writeFile(at('rows.jsonl'), '{"n":0}\nbroken\n{"n":2}\n')
    const passport = await sample(10, 1)
    expect(passport).toMatchObject({ rows: 3, rejected: { notJson: 1 } })
    expect(await numbers('some.jsonl')).toEqual([0, 2])
    expect((await lines('some.jsonl.rejected.jsonl'))[0]).toContain('"line":2')
    const strict = { input: at('rows.jsonl'), output: at('strict.jsonl'), rows: 10, strict: true }
    await expect(sampleRows(SampleRowsSpec.parse(strict), hooks())).rejects.toMatchObject({
      code: 'dataset.rowRejected',
      params: { line: 2 },
    })
    expect((await readdir(folder)).filter((name) => name.includes('strict'))).toEqual([])
  })

  it('refuses to overwrite, and leaves nothing when stopped', async () => {
    await rowsFile(10)
    await writeFile(at('some.jsonl'), 'mine')
    await expect(sample(5, 1)).rejects.toMatchObject({ code: 'file.exists' })
    const spec = SampleRowsSpec.parse({ input: at('rows.jsonl'), output: at('stopped.jsonl'), rows: 5 })
    const stopped = sampleRows(spec, { ...hooks(), signal: AbortSignal.abort() })
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
    expect((await readdir(folder)).sort()).toEqual(['rows.jsonl', 'some.jsonl'])
  })

  it('notices that the source changed between its readings', async () => {
    await rowsFile(5000)
    const spec = SampleRowsSpec.parse({ input: at('rows.jsonl'), output: at('some.jsonl'), rows: 5 })
    let isChanged = false
    const changing = sampleRows(spec, {
      ...hooks(),
      advance(done, total) {
        if (isChanged || done * 2 < total) return
        isChanged = true
        void writeFile(at('rows.jsonl'), '{"n":1}\n'.repeat(6000))
      },
    })
    await expect(changing).rejects.toMatchObject({ code: expect.stringMatching(/^dataset\./) as string })
  })
})

describe('split', () => {
  const split = (parts: { name: string; share: number }[], seed = 1) =>
    splitRows(SplitRowsSpec.parse({ input: at('rows.jsonl'), outputPrefix: at('part'), parts, seed }), hooks())

  it('puts each row into one part, sizes by shares to the row', async () => {
    await rowsFile(1001)
    await split([
      { name: 'train', share: 8 },
      { name: 'valid', share: 1 },
      { name: 'test', share: 1 },
    ])
    const [train, valid, test] = await Promise.all(
      ['train', 'valid', 'test'].map((name) => numbers(`part.${name}.jsonl`)),
    )
    expect([train?.length, valid?.length, test?.length]).toEqual([801, 100, 100])
    const all = [...(train ?? []), ...(valid ?? []), ...(test ?? [])].sort((a, b) => a - b)
    expect(all).toEqual(Array.from({ length: 1001 }, (_, n) => n))
    const passport = JSON.parse(await readFile(at('part.awb-passport.json'), 'utf8')) as Record<string, unknown>
    expect(passport).toMatchObject({ kind: 'rows', operation: 'split', rows: 1001 })
  })

  it.each([
    [[{ name: 'one', share: 1 }]],
    [
      [
        { name: 'a/b', share: 1 },
        { name: 'c', share: 1 },
      ],
    ],
  ])('refuses the parts %j', (parts) => {
    expect(SplitRowsSpec.safeParse({ input: 'a', outputPrefix: 'b', parts }).success).toBe(false)
  })
})

describe('deduplicate', () => {
  const run = (columns?: string[], input = 'rows.jsonl') =>
    deduplicateRows(
      DeduplicateRowsSpec.parse({ input: at(input), output: at('unique.jsonl'), ...(columns ? { columns } : {}) }),
      hooks(),
    )

  it('keeps the first of equal rows, whatever the order of their columns', async () => {
    const rows = ['{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}', '{"a":1}', '{"a":"1"}', '{"a":1}']
    await writeFile(at('rows.jsonl'), rows.join('\n'))
    expect(await run()).toMatchObject({ rows: 5, duplicates: 2 })
    expect(await lines('unique.jsonl')).toEqual([rows[0], rows[2], rows[3]])
  })

  it('looks at some columns only', async () => {
    await writeFile(at('rows.csv.gz'), gzipSync('q,a\nx,1\nx,2\ny,1\n'))
    await run(['q'], 'rows.csv.gz')
    expect(await lines('unique.jsonl')).toEqual(['{"q":"x","a":"1"}', '{"q":"y","a":"1"}'])
  })

  it('names a column that no row has', async () => {
    await rowsFile(3)
    await expect(run(['m'])).rejects.toMatchObject({ code: 'dataset.columnMissing', params: { column: 'm' } })
    expect(await readdir(folder)).toEqual(['rows.jsonl'])
  })

  it('tells long numbers apart that JavaScript would not', async () => {
    await writeFile(at('rows.jsonl'), '{"n":12345678901234567891}\n{"n":12345678901234567892}\n')
    expect(await run()).toMatchObject({ duplicates: 0 })
  })

  it('finds repeated keys across buckets and writes', async () => {
    const duplicates = await Duplicates.create(folder, 200 * 1024 * 1024)
    const keys = Array.from({ length: 20_000 }, (_, i) => String((i * 7919) % 15_000))
    for (const [i, key] of keys.entries()) {
      duplicates.add(key)
      if (i % 1000 === 0) await duplicates.flush()
    }
    const { bits, count } = await duplicates.find()
    await duplicates.close()
    const seen = new Set<string>()
    const expected = keys.map((key) => {
      const isRepeated = seen.has(key)
      seen.add(key)
      return isRepeated
    })
    expect(count).toBe(5000)
    expect(keys.map((_, i) => (((bits[i >> 3] ?? 0) >> (i % 8)) & 1) === 1)).toEqual(expected)
    expect(await readdir(folder)).toEqual([])
  })
})
