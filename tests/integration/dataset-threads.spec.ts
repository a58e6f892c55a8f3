import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { preprocess, type PreprocessHooks } from '#engine/dataset/preprocess.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'

const tokenizer = fileURLToPath(new URL('../../resources/sample/tokenizer', import.meta.url))
const ROWS = 9000

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-threads-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const good = (n: number) => ({
  instruction: `What is rank ${n}? 第 ${n} 个`,
  input: n % 3 === 0 ? `input ${n}` : '',
  output: `Rank ${n} ${'and more '.repeat(n % 17)}`,
})
const lines = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => {
    if (n % 1000 === 7) return '{"instruction": broken'
    if (n % 1000 === 8) return `\n${JSON.stringify({ instruction: 'no answer', input: '' })}`
    return JSON.stringify(good(n))
  })

const idle: PreprocessHooks = { signal: new AbortController().signal, advance: () => undefined }

async function run(name: string, input: string, options: Partial<Record<keyof PreprocessSpec, unknown>>) {
  const target = path.join(folder, name)
  const base = { input, outputPrefix: path.join(target, 'out'), handler: 'alpaca', template: 'llama2', tokenizer }
  const passport = await preprocess(PreprocessSpec.parse({ ...base, ...options }), idle)
  const digests: Record<string, string> = {}
  for (const file of (await readdir(target)).sort()) {
    if (file.endsWith('passport.json')) continue
    digests[file] = createHash('sha256')
      .update(await readFile(path.join(target, file)))
      .digest('hex')
  }
  await rm(target, { recursive: true })
  return { passport: { ...passport, createdAt: 0 }, digests }
}

describe('preprocessing in threads', () => {
  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    const file = path.join(folder, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, content)
    return file
  }
  const csv = () =>
    `instruction,input,output\n${lines(ROWS)
      .map((_, n) => `"q ""${n}""\n2",,a ${n}`)
      .join('\n')}\n"open`

  it.each<[string, () => Promise<string>, Partial<Record<keyof PreprocessSpec, unknown>>]>([
    ['lines, with rows set aside', () => write('a.jsonl', lines(ROWS).join('\n')), {}],
    [
      'too long rows as 1.0.0 leaves them',
      () => write('b.jsonl', lines(ROWS).join('\n')),
      { seqLength: 100, compat: '1.0.0' },
    ],
    ['packed', () => write('c.jsonl', lines(ROWS).join('\n')), { seqLength: 64, pack: true }],
    [
      'several keys',
      () => write('d.jsonl', lines(ROWS).join('\n')),
      { handler: 'pretrain', jsonKeys: ['input', 'output'] },
    ],
    [
      'an array, compressed',
      () =>
        write(
          'e.json.gz',
          gzipSync(
            JSON.stringify(
              Array.from({ length: ROWS }, (_, n) => good(n)),
              null,
              1,
            ),
          ),
        ),
      {},
    ],
    ['csv', () => write('f.csv', csv()), {}],
    [
      'parquet',
      async () => {
        const rows = Array.from({ length: ROWS }, (_, n) => good(n))
        const columnData = (['instruction', 'input', 'output'] as const).map((name) => ({
          name,
          data: rows.map((row) => row[name]),
        }))
        return write('g.parquet', new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 3000 })))
      },
      {},
    ],
    [
      'a folder',
      async () => {
        await write('h/1.jsonl', lines(ROWS / 2).join('\n'))
        await write('h/2.jsonl', lines(ROWS / 2).join('\n'))
        return path.join(folder, 'h')
      },
      {},
    ],
  ])('writes the same bytes whatever the number of threads: %s', async (_name, make, options) => {
    const input = await make()
    const alone = await run('one', input, { ...options, workers: 1 })
    expect(alone.passport.samples).toBeGreaterThan(10)
    expect(await run('three', input, { ...options, workers: 3 })).toEqual(alone)
  })

  it('names the first bad row in strict mode, and keeps nothing', async () => {
    const input = await write('strict.jsonl', lines(ROWS).join('\n'))
    await expect(run('strict', input, { workers: 2, strict: true })).rejects.toMatchObject({
      code: 'dataset.rowRejected',
      params: { row: 8, line: 8 },
    })
    expect(await readdir(path.join(folder, 'strict'))).toEqual([])
  })

  it('tells of a broken element of an array with its place', async () => {
    const text = JSON.stringify(Array.from({ length: ROWS }, (_, n) => good(n)))
    const at = text.indexOf('{"instruction":"What is rank 8000?')
    const input = await write('broken.json', `${text.slice(0, at)}{"instruction" 1${text.slice(at + 14)}`)
    await expect(run('broken', input, { workers: 2 })).rejects.toMatchObject({
      code: 'dataset.notJson',
      params: { byte: Buffer.byteLength(text.slice(0, at)) },
    })
  })

  it('stops within a second, and keeps nothing', async () => {
    const input = await write('stop.jsonl', Array.from({ length: 10 }, () => lines(ROWS).join('\n')).join('\n'))
    const stop = new AbortController()
    let stoppedAt = 0
    const spec = PreprocessSpec.parse({
      ...{ input, outputPrefix: path.join(folder, 'stop', 'out'), handler: 'alpaca', template: 'llama2', tokenizer },
      workers: 2,
    })
    const hooks = {
      signal: stop.signal,
      advance: () => {
        stoppedAt ||= performance.now()
        stop.abort()
      },
    }
    await expect(preprocess(spec, hooks)).rejects.toMatchObject({ code: 'cancelled' })
    expect(performance.now() - stoppedAt).toBeLessThan(1000)
    expect(await readdir(path.join(folder, 'stop'))).toEqual([])
  })

  it('fails before any thread is started when the tokenizer is missing', async () => {
    const input = await write('t.jsonl', lines(10).join('\n'))
    await expect(run('t', input, { workers: 2, tokenizer: path.join(folder, 'none') })).rejects.toMatchObject({
      code: 'file.missing',
    })
  })
})
