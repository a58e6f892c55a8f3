import { spawnSync } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, open, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { preprocess } from '#engine/dataset/preprocess.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { DatasetPassport } from '#engine/protocol/passport.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'

const tokenizer = fileURLToPath(new URL('../../resources/sample/tokenizer', import.meta.url))
const script = fileURLToPath(new URL('../fixtures/dataset/run-preprocess.ts', import.meta.url))

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-bad-sources-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const row = (n: number) => ({ instruction: `What is rank ${n}?`, input: '', output: `Rank ${n}.` })
const rows = (count: number) => Array.from({ length: count }, (_, n) => row(n))
const lines = (count: number) =>
  rows(count)
    .map((value) => `${JSON.stringify(value)}\n`)
    .join('')

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const file = path.join(folder, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, content)
  return file
}

const specOf = (input: string, workers = 1) =>
  PreprocessSpec.parse({
    ...{ input, outputPrefix: path.join(folder, 'made', 'out'), handler: 'alpaca', template: 'llama2' },
    ...{ tokenizer, workers },
  })

/** The passport of a whole dataset, or the code of the error after which nothing is there. */
async function run(input: string, workers = 1): Promise<DatasetPassport | string> {
  const made = path.join(folder, 'made')
  await rm(made, { recursive: true, force: true })
  try {
    return await preprocess(specOf(input, workers), { signal: new AbortController().signal, advance: () => undefined })
  } catch (error) {
    expect(await readdir(made).catch(() => [])).toEqual([])
    if (error instanceof AppError) return error.code
    throw error
  }
}

const parquetOf = (count: number, codec: 'SNAPPY' | 'UNCOMPRESSED') => {
  const data = rows(count)
  const columns = ['instruction', 'input', 'output'] as const
  const columnData = columns.map((name) => ({ name, data: data.map((value) => value[name]) }))
  return new Uint8Array(parquetWriteBuffer({ columnData, codec, rowGroupSize: 500 }))
}

describe('sources that cannot be read', () => {
  it.each<[string, string, () => string | Uint8Array, string]>([
    ['an empty file', 'a.jsonl', () => '', 'dataset.empty'],
    ['a file of blank lines', 'a.jsonl', () => '\n \n\n', 'dataset.empty'],
    ['an empty array', 'a.json', () => '[]', 'dataset.empty'],
    ['an array cut in the middle', 'a.json', () => JSON.stringify(rows(2000)).slice(0, 50_000), 'dataset.cut'],
    ['an array with a comma too many', 'a.json', () => `${JSON.stringify(rows(2)).slice(0, -1)},]`, 'dataset.notJson'],
    ['UTF-16', 'a.jsonl', () => Buffer.from(`\ufeff${lines(3)}`, 'utf16le'), 'dataset.encoding'],
    ['a gzip file that is cut', 'a.jsonl.gz', () => gzipSync(lines(5000)).subarray(0, 9000), 'dataset.corrupt'],
    [
      'a zstd file that is cut',
      'a.jsonl.zst',
      () => zstdCompressSync(lines(5000)).subarray(0, 5000),
      'dataset.corrupt',
    ],
    ['a damaged gzip file', 'a.jsonl.gz', () => gzipSync(lines(5000)).fill(0, 6000, 6100), 'dataset.corrupt'],
    ['a csv file in GBK', 'a.csv', () => Buffer.from([0xd6, 0xb8, 0xc1, 0xee, 0x0a, 0x31, 0x0a]), 'dataset.corrupt'],
    ['a parquet file without its end', 'a.parquet', () => parquetOf(2000, 'SNAPPY').slice(0, -9), 'dataset.corrupt'],
    ['half a parquet file', 'a.parquet', () => parquetOf(2000, 'SNAPPY').slice(0, 20_000), 'dataset.corrupt'],
    [
      'an arrow file that is cut',
      'a.arrow',
      () => Buffer.from('ARROW1\0\0\xff\xff\xff\xff\x10\0\0\0', 'latin1'),
      'dataset.corrupt',
    ],
    ['something else', 'a.bin', () => Buffer.from([1, 2, 3, 4]), 'dataset.formatUnknown'],
  ])('refuses %s', async (_name, file, content, code) => {
    const input = await write(file, content())
    expect(await run(input)).toBe(code)
    expect(await run(input, 2)).toBe(code)
  })

  it('refuses an empty folder and one without data', async () => {
    await mkdir(path.join(folder, 'empty'))
    expect(await run(path.join(folder, 'empty'))).toBe('dataset.folderEmpty')
    await write('notes/readme.md', '# nothing')
    expect(await run(path.join(folder, 'notes'))).toBe('dataset.folderEmpty')
  })

  it('reads the most frequent kind of a folder, and stops at a file of it that is damaged', async () => {
    await write('mixed/1.jsonl', lines(10))
    await write('mixed/2.jsonl', lines(10))
    await write('mixed/3.csv', 'instruction,input,output\na,,b\n')
    expect(await run(path.join(folder, 'mixed'))).toMatchObject({ samples: 20 })
    await write('mixed/4.jsonl', '[1,')
    expect(await run(path.join(folder, 'mixed'), 2)).toBe('dataset.cut')
  })

  it('reads a folder of more files than a process may open', async ({ skip }) => {
    if (process.platform === 'win32') skip('Windows has no such limit to set')
    for (let n = 0; n < 400; n++) await write(`many/${n}.jsonl`, lines(1))
    const command = 'ulimit -n 100; exec "$0" "$@"'
    const spec = JSON.stringify(specOf(path.join(folder, 'many')))
    const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, script, spec], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })

  it('gives a whole dataset or none for a parquet file that is damaged anywhere', async () => {
    const good = parquetOf(2000, 'SNAPPY')
    let seed = 7
    const random = (limit: number) => (seed = (seed * 48_271) % 2_147_483_647) % limit
    const found = new Map<string, number>()
    for (let round = 0; round < 60; round++) {
      const bad = good.slice()
      const at = random(bad.length)
      for (let i = at; i < Math.min(bad.length, at + 1 + random(40)); i++) bad[i] = random(256)
      const result = await run(await write('damaged.parquet', bad))
      if (typeof result !== 'string') expect(result.rows).toBe(2000)
      const kind = typeof result === 'string' ? result : 'whole'
      found.set(kind, (found.get(kind) ?? 0) + 1)
    }
    expect([...found.keys()].filter((kind) => !/^(whole|dataset\.)/.test(kind))).toEqual([])
    expect(found.get('dataset.corrupt') ?? 0).toBeGreaterThan(10)
  })
})

describe('rows that cannot be read', () => {
  it('sets rows of other encodings aside, and reads a byte order mark', async () => {
    const gbk = Buffer.concat([
      Buffer.from('{"instruction":"'),
      Buffer.from([0xc1, 0xee]),
      Buffer.from('","output":"x"}\n'),
    ])
    const content = Buffer.concat([
      Buffer.from(`\ufeff${lines(5)}`),
      gbk,
      Buffer.from('\xff\xfe\n', 'latin1'),
      Buffer.from(lines(5)),
    ])
    const passport = await run(await write('mixed.jsonl', content), 2)
    expect(passport).toMatchObject({ samples: 10, rejected: { badEncoding: 2 } })
    const aside = (await readFile(path.join(folder, 'made', 'out.rejected.jsonl'), 'utf8')).trim().split('\n')
    expect(aside.map((line) => (JSON.parse(line) as { line: number }).line)).toEqual([6, 7])
  })

  it('reads a line of 300 MB in bounded memory, and sets it aside', async () => {
    const input = await write('long.jsonl', lines(3))
    const start = (await readFile(input)).length
    // A hole in the file: zeros that take no space on the disk.
    await truncate(input, start + 300e6)
    await appendFile(input, `\n${lines(3)}`)
    const { stdout, status } = spawnSync(process.execPath, [script, JSON.stringify(specOf(input, 2))], {
      encoding: 'utf8',
    })
    expect(status).toBe(0)
    const passport = JSON.parse(
      await readFile(path.join(folder, 'made', 'out.awb-passport.json'), 'utf8'),
    ) as DatasetPassport
    expect(passport).toMatchObject({ rows: 7, samples: 6, rejected: { tooLarge: 1 } })
    const peak = Number(/peak (\d+)/.exec(stdout)?.[1])
    expect(peak).toBeLessThan(1000)
  })

  it('says why where no row can be read at all', async () => {
    const input = await write('broken.jsonl', '{"instruction": \n{"x\n')
    expect(await run(input)).toBe('dataset.noSamples')
    expect(await run(input, 2)).toBe('dataset.noSamples')
    const error = await preprocess(specOf(input), {
      signal: new AbortController().signal,
      advance: () => undefined,
    }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ params: { rows: 2, reasons: 'notJson 2' } })
  })

  it('encodes a line of 12 MB', async () => {
    const handle = await open(path.join(folder, 'large.jsonl'), 'w')
    await handle.write(`${lines(2)}{"instruction":"`)
    for (let i = 0; i < 12; i++) await handle.write('many words '.repeat(95_000))
    await handle.write(`","output":"b","input":""}\n${lines(2)}`)
    await handle.close()
    const result = await run(path.join(folder, 'large.jsonl'), 2)
    expect(result).toMatchObject({ rows: 5, samples: 5 })
  })
})
