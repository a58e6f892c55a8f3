import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { datasetColumns } from '#engine/dataset/columns.ts'
import { openInstructionDataset } from '#engine/dataset/indexed/read.ts'
import { inspectDataset } from '#engine/dataset/inspect.ts'
import { previewDataset } from '#engine/dataset/preview.ts'
import { preprocessDataset } from '#engine/dataset/tasks.ts'
import { renderConversation } from '#engine/dataset/templates.ts'
import { loadTokenizer } from '#engine/dataset/tokenizers/load.ts'
import type { DatasetPassport } from '#engine/protocol/passport.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'
import type { TaskContext } from '#engine/tasks/context.ts'

const tokenizerFolder = fileURLToPath(new URL('../../../../resources/sample/tokenizer', import.meta.url))
const tokenizer = await loadTokenizer(tokenizerFolder)

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-preprocess-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const good = (n: number) => ({ instruction: `What is TP ${n}?`, input: '', output: `TP ${n} is a size.` })

async function source(rows: readonly unknown[], name = 'rows.jsonl'): Promise<string> {
  const file = path.join(folder, name)
  await writeFile(file, rows.map((row) => (typeof row === 'string' ? row : JSON.stringify(row))).join('\n'))
  return file
}

const outputs = async () => (await readdir(folder)).filter((name) => name.startsWith('out') || name.startsWith('.'))

interface Run {
  passport: DatasetPassport
  lines: string[]
  artifacts: unknown[]
}

async function run(
  options: Partial<Record<keyof PreprocessSpec, unknown>>,
  context: Partial<TaskContext> = {},
): Promise<Run> {
  const lines: string[] = []
  const artifacts: unknown[] = []
  const spec = PreprocessSpec.parse({
    handler: 'alpaca',
    template: 'llama2',
    tokenizer: tokenizerFolder,
    outputPrefix: path.join(folder, 'out'),
    ...options,
  })
  const result = await preprocessDataset(spec, {
    signal: new AbortController().signal,
    log: (line) => lines.push(line),
    progress: () => undefined,
    metric: () => undefined,
    artifact: (artifact) => artifacts.push(artifact),
    ...context,
  })
  return { passport: result.passport as DatasetPassport, lines, artifacts }
}

describe('preprocessDataset', () => {
  it('writes samples, passport and artifact', async () => {
    const { passport, artifacts } = await run({ input: await source([good(1), good(2)]) })
    const dataset = await openInstructionDataset(path.join(folder, 'out'))
    const first = await dataset.sample(1)
    await dataset.close()
    const expected = renderConversation('llama2', tokenizer, [
      { role: 'user', content: 'What is TP 2?' },
      { role: 'assistant', content: 'TP 2 is a size.' },
    ])
    expect([...first.ids]).toEqual(expected.ids)
    expect([...first.labels]).toEqual(expected.labels)
    expect(passport).toMatchObject({
      rows: 2,
      samples: 2,
      tokens: 2 * expected.ids.length,
      trainedTokens: 2 * expected.labels.filter((label) => label !== -100).length,
      rejected: {},
      tokenizer: { hash: tokenizer.hash, vocab: tokenizer.vocabSize },
      lengths: { min: expected.ids.length, max: expected.ids.length, mean: expected.ids.length },
    })
    expect(Object.keys(passport.files)).toHaveLength(6)
    expect(dataset.passport).toEqual(passport)
    expect(artifacts).toEqual([{ kind: 'dataset', path: path.join(folder, 'out'), passport }])
    expect(await outputs()).toHaveLength(7)
  })

  it('sets bad rows aside with their place and reason', async () => {
    const long = { instruction: 'x '.repeat(100), input: '', output: 'y' }
    const rows = [good(1), '{"instruction": ', { instruction: 'a', input: '', output: null }, 7, '', long, good(2)]
    const { passport, lines } = await run({ input: await source(rows), seqLength: 60 })
    expect(passport).toMatchObject({
      rows: 6,
      samples: 2,
      rejected: { notJson: 1, noResponse: 1, notObject: 1, tooLong: 1 },
    })
    const side = (await readFile(path.join(folder, 'out.rejected.jsonl'), 'utf8')).trim().split('\n')
    expect(side.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { row: 2, line: 2, reason: 'notJson', data: '{"instruction": ' },
      { row: 3, line: 3, reason: 'noResponse', data: { instruction: 'a' } },
      { row: 4, line: 4, reason: 'notObject', data: 7 },
      { row: 5, line: 6, reason: 'tooLong' },
    ])
    expect(lines).toContain('Set aside: 1 rows (noResponse)')
  })

  it('leaves out samples of the sequence length itself, keeps shorter ones', async () => {
    const { passport } = await run({ input: await source([good(1)]) })
    const length = passport.lengths.max
    const same = { input: await source([good(1)]), outputPrefix: path.join(folder, 'out-same') }
    await expect(run({ ...same, seqLength: length })).rejects.toMatchObject({ code: 'dataset.noSamples' })
    expect((await run({ ...same, seqLength: length + 1 })).passport.samples).toBe(1)
  })

  it('appends the end-of-document token to ids and labels', async () => {
    await run({ input: await source([good(1)]), appendEod: true })
    const dataset = await openInstructionDataset(path.join(folder, 'out'))
    const { ids, labels } = await dataset.sample(0)
    await dataset.close()
    expect([...ids.subarray(-2)]).toEqual([2, 2])
    expect([...labels.subarray(-2)]).toEqual([2, 2])
  })

  it.each([
    ['a missing column', { columns: { prompt: 'question' } }, 'dataset.columnMissing'],
    ['a bad row when strict', { strict: true }, 'dataset.rowRejected'],
    ['a missing tokenizer', { tokenizer: '/nowhere' }, 'file.missing'],
  ])('writes nothing after %s', async (_name, options, code) => {
    const input = await source([good(1), { instruction: 'a', input: '' }])
    await expect(run({ input, ...options })).rejects.toMatchObject({ code })
    expect(await outputs()).toEqual([])
  })

  it('names the columns there are when one is missing', async () => {
    const input = await source([good(1)])
    await expect(run({ input, columns: { system: 'persona' } })).rejects.toMatchObject({
      params: { column: 'persona', file: input, columns: 'instruction, input, output' },
    })
  })

  it('finds a column that the first rows leave out', async () => {
    const rows = [...Array.from({ length: 600 }, (_, i) => good(i)), { ...good(600), system: 'S' }]
    const { passport } = await run({ input: await source(rows), columns: { system: 'system' } })
    expect(passport.samples).toBe(601)
  })

  it('writes nothing after an array that is cut', async () => {
    const file = path.join(folder, 'cut.json')
    await writeFile(file, JSON.stringify([good(1), good(2)]).slice(0, -20))
    const size = (await readFile(file)).length
    await expect(run({ input: file })).rejects.toMatchObject({ code: 'dataset.cut', params: { file, byte: size } })
    expect(await outputs()).toEqual([])
  })

  it('writes nothing when it is stopped', async () => {
    const stop = new AbortController()
    const input = await source(Array.from({ length: 3000 }, (_, i) => good(i)))
    const stopped = run({ input }, { signal: stop.signal, progress: () => stop.abort() })
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' })
    expect(await outputs()).toEqual([])
  })

  it('leaves existing files alone', async () => {
    const input = await source([good(1)])
    const existing = path.join(folder, 'out_packed_labels_document.idx')
    await writeFile(existing, 'precious')
    await expect(run({ input })).rejects.toMatchObject({ code: 'file.exists', params: { path: existing } })
    expect(await outputs()).toEqual(['out_packed_labels_document.idx'])
    expect(await readFile(existing, 'utf8')).toBe('precious')
  })
})

describe('looking at data', () => {
  it('shows columns, samples with masks, lengths and bad rows before a run', async () => {
    const input = await source([good(1), { instruction: 'a', input: '' }, good(2)])
    expect((await datasetColumns({ input })).columns).toEqual(['instruction', 'input', 'output'])
    const { columns, handler, template, appendEod } = PreprocessSpec.parse({
      input,
      handler: 'alpaca',
      template: 'llama2',
      tokenizer: tokenizerFolder,
      outputPrefix: 'unused',
    })
    const preview = await previewDataset({
      ...{ input, columns, handler, template, appendEod, tokenizer: tokenizerFolder },
      samples: 1,
    })
    expect(preview).toMatchObject({
      scannedRows: 3,
      totalRowsEstimate: 3,
      rejected: [{ row: 1, reason: 'noResponse' }],
    })
    expect(preview.lengths).toHaveLength(2)
    const [sample] = preview.samples
    const text = (isTrained: boolean) =>
      sample!.tokens
        .filter((token) => token.isTrained === isTrained)
        .map((token) => token.text)
        .join('')
    expect(text(false)).toBe('<s> [INST] What is TP 1? [/INST]')
    expect(text(true)).toBe(' TP 1 is a size.</s>')
  })

  it('shows a sample of a written dataset as text while its tokenizer is there', async () => {
    await run({ input: await source([good(1)]) })
    const prefix = path.join(folder, 'out')
    const { samples, sample } = await inspectDataset({ prefix, sample: 0 })
    expect(samples).toBe(1)
    expect(sample!.tokens.map(({ text }) => text).join('')).toBe('<s> [INST] What is TP 1? [/INST] TP 1 is a size.</s>')
    const file = `${prefix}.awb-passport.json`
    await writeFile(file, (await readFile(file, 'utf8')).replace(tokenizer.hash, '0'.repeat(64)))
    expect((await inspectDataset({ prefix, sample: 0 })).sample!.tokens[0]!.text).toBe('1')
    await expect(inspectDataset({ prefix, sample: 1 })).rejects.toMatchObject({ code: 'dataset.sampleMissing' })
  })
})
