import { createHash } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runProgram } from '#engine/cli/program.ts'
import { readMindRecord } from '../fixtures/dataset/mindrecord-reader.ts'

const fixtures = fileURLToPath(new URL('../fixtures/dataset', import.meta.url))

interface MegatronCase {
  readonly name: string
  readonly args: readonly string[]
  readonly files: Readonly<Record<string, string>>
}
interface MindFormersCase {
  readonly name: string
  /** The script first. */
  readonly args: readonly string[]
  /** Of a converter; else the rows. */
  readonly file?: string
  readonly count?: number
  readonly columns?: readonly string[]
  readonly rows?: string
}

const read = async (name: string) => JSON.parse(await readFile(path.join(fixtures, 'variants', name), 'utf8')) as never
const megatron: readonly MegatronCase[] = await read('mindspeed-llm.json')
const mindFormers: readonly MindFormersCase[] = await read('mindformers.json')

const digest = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex').slice(0, 16)

const places: readonly (readonly [string, string])[] = [
  ['{inputs}', path.join(fixtures, 'variants/inputs')],
  ['{tokenizers}', fixtures],
  ['{mindformers}', path.join(fixtures, 'mindformers')],
]
const placed = (args: readonly string[]): string[] =>
  args.map((argument) => places.reduce((text, [name, place]) => text.replace(name, () => place), argument))

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-variants-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(args: readonly string[]): Promise<void> {
  let err = ''
  const spies = [
    vi.spyOn(process.stdout, 'write').mockReturnValue(true),
    vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      err += String(chunk)
      return true
    }),
  ]
  try {
    expect(await runProgram([...args]), err).toBe(0)
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}

/** What the originals wrote for command lines of all handlers, templates and options; README.md there says how. */
describe('command lines of preprocess_data.py give the bytes of the original', () => {
  it.each(megatron.map((one) => [one.name, one] as const))('%s', async (name, { args, files }) => {
    const place = await mkdtemp(path.join(folder, `${name.replaceAll(/[^\w.]/g, '_')}-`))
    await run(['preprocess_data.py', ...placed(args), '--output-prefix', path.join(place, 'data')])
    const written = (await readdir(place)).filter((file) => /\.(?:bin|idx)$/.test(file))
    const found = await Promise.all(written.map(async (file) => [file, digest(await readFile(path.join(place, file)))]))
    expect(Object.fromEntries(found)).toEqual(files)
  })
})

describe("command lines of MindFormers' scripts give the rows of the originals", () => {
  it.each(mindFormers.map((one) => [one.name, one] as const))(
    '%s',
    async (name, { args, file, count, columns, rows }) => {
      const place = await mkdtemp(path.join(folder, `${name}-`))
      const output = path.join(place, file === undefined ? 'x.mindrecord' : 'converted.json')
      const flag = /converter|telechat/.test(args[0] ?? '') ? '--output_path' : '--output_file'
      await run([...placed(args), flag, output])
      if (file !== undefined) {
        expect(digest(await readFile(output))).toBe(file)
        return
      }
      const found = readMindRecord(output)
      const [schema] = found.header.schema as [{ schema: object }]
      const names = Object.keys(schema.schema).sort()
      const values = found.rows.map((row) => names.map((column) => row[column]))
      expect({ count: values.length, columns: names, rows: digest(JSON.stringify(values)) }).toEqual({
        count,
        columns,
        rows,
      })
    },
  )
})
