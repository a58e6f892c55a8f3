import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { datasetColumns } from '#engine/dataset/columns.ts'
import { inspectDataset } from '#engine/dataset/inspect.ts'
import { previewRecords } from '#engine/dataset/mindformers/preview.ts'
import { writeMindRecord } from '#engine/dataset/mindformers/run.ts'
import { previewDataset } from '#engine/dataset/preview.ts'
import { previewTokenizer } from '#engine/dataset/preview-tokenizer.ts'
import { datasets, type SamplePreview, type TokenSpan } from '#engine/protocol/datasets.ts'
import { MindRecordSpec } from '#engine/protocol/tasks.ts'

const fixtures = path.join(import.meta.dirname, '../../../fixtures/dataset')
const inputs = path.join(fixtures, 'mindspeed-llm/inputs')
const records = path.join(fixtures, 'mindformers')
const llama = path.join(fixtures, 'llama2-tokenizer')
const qwen = path.join(fixtures, 'qwen15-tokenizer')

let folder = ''
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'awb-preview-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const preview = (options: Record<string, unknown>, signal?: AbortSignal) =>
  previewDataset(
    datasets.members.preview.input.parse({
      input: path.join(inputs, 'alpaca_full.json'),
      handler: 'alpaca',
      template: 'llama2',
      tokenizer: llama,
      samples: 2,
      ...options,
    }),
    signal,
  )
const previewOfRecords = (options: Record<string, unknown>) =>
  previewRecords(
    datasets.members.previewRecords.input.parse({ tokenizer: llama, seqLength: 96, samples: 2, ...options }),
  )

const textOf = (tokens: readonly TokenSpan[] = []) => tokens.map(({ text }) => text).join('')
const trainedText = (sample: SamplePreview | undefined) => textOf(sample?.tokens.filter(({ isTrained }) => isTrained))
const codes = ({ findings }: { findings: { level: string; code: string; field?: string | undefined }[] }) =>
  findings.map(({ level, code, field }) => `${level} ${code} @${field}`)

describe('the columns of a raw file', () => {
  it('come with the first rows cell by cell, in the order of the columns', async () => {
    const input = path.join(folder, 'rows.jsonl')
    await writeFile(input, `{"a":"x","n":1}\n{"b":[["q","a"]],"a":"${'长'.repeat(1000)}"}\n`)
    const { columns, cells } = await datasetColumns({ input })
    expect(columns).toEqual(['a', 'n', 'b'])
    expect(cells[0]).toEqual(['x', '1', ''])
    expect(cells[1]?.slice(1)).toEqual(['', '[["q","a"]]'])
    expect(cells[1]?.[0]).toBe(`${'长'.repeat(400)}…`)
  })
})

describe('the preview of a preprocessing', () => {
  it('marks what is trained and which tokens are control tokens', async () => {
    const { samples, lengths, trained } = await preview({})
    expect(trainedText(samples[0])).toContain('</s>')
    expect(samples[0]?.tokens.find(({ text }) => text === '<s>')).toMatchObject({ isSpecial: true, isTrained: false })
    expect(samples[0]?.tokens.some(({ isSpecial }) => isSpecial !== true)).toBe(true)
    expect(trained).toHaveLength(lengths.length)
    expect(trained[0]).toBe(samples[0]?.tokens.filter(({ isTrained }) => isTrained).length)
  })

  it('shows the chat template of a tokenizer, also after a template that adds words to it', async () => {
    // The Mistral tokenizer lacks the words of ChatML.
    await cp(path.join(fixtures, 'mistral-tokenizer'), folder, { recursive: true })
    const template =
      "{% for m in messages %}{{ '<|im_start|>' + m['role'] + ' ' + m['content'] + '.' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant ' }}{% endif %}"
    await writeFile(path.join(folder, 'chat_template.jinja'), template)
    const ids = ({ samples }: { samples: SamplePreview[] }) => samples[0]?.tokens.map(({ id }) => id) ?? []
    const own = { tokenizer: folder, template: 'qwen', chatTemplate: true }
    const before = await preview(own)
    expect(textOf(before.samples[0]?.tokens)).toContain('<|im_start|>user')
    expect(trainedText(before.samples[0])).not.toContain('assistant')
    await preview({ tokenizer: folder, template: 'qwen' })
    expect(ids(await preview(own))).toEqual(ids(before))
    expect(codes(before)).toEqual([])
    await expect(preview({ chatTemplate: true })).rejects.toMatchObject({ code: 'dataset.chatTemplate' })
  })

  it('tells row by row where none can be read', async () => {
    const input = path.join(folder, 'broken.jsonl')
    await writeFile(input, '{"instruction": \n{"x\n')
    const { rejected, samples } = await preview({ input })
    expect(samples).toEqual([])
    expect(rejected.map(({ row, reason }) => [row, reason])).toEqual([
      [0, 'notJson'],
      [1, 'notJson'],
    ])
  })

  it('shows both answers of a pair, and counts the longer one', async () => {
    const input = path.join(inputs, 'alpaca_pairwise.json')
    const { samples, lengths } = await preview({ input, handler: 'alpaca-pairwise' })
    expect(samples[0]).toMatchObject({ key: 'chosen', others: [{ key: 'rejected' }] })
    expect(trainedText(samples[0])).toBe(' Apples are sweet.</s>')
    expect(textOf(samples[0]?.others?.[0]?.tokens)).toContain('I do not know.')
    expect(lengths[0]).toBe(Math.max(samples[0]?.length ?? 0, samples[0]?.others?.[0]?.length ?? 0))
  })

  it('shows each column of texts', async () => {
    const input = path.join(folder, 'texts.jsonl')
    await writeFile(input, '{"title":"One","text":"Two words"}\n{"title":"","text":"Three"}\n')
    const { samples } = await preview({ input, handler: 'pretrain', jsonKeys: ['title', 'text'] })
    expect(samples[0]).toMatchObject({ key: 'title', others: [{ key: 'text' }] })
    expect(textOf(samples[0]?.others?.[0]?.tokens)).toBe('<s> Two words')
    expect(samples[1]).toMatchObject({ key: 'text', others: [] })
  })

  it('says what a sequence length costs, and stops at one that leaves nothing', async () => {
    expect(codes(await preview({}))).toEqual([])
    const { lengths } = await preview({})
    expect(codes(await preview({ seqLength: Math.max(...lengths) }))).toEqual(['warning length.dropped @seqLength'])
    expect(codes(await preview({ seqLength: Math.max(...lengths) + 1 }))).toEqual([])
    expect(codes(await preview({ seqLength: 2 }))).toEqual(['error length.allDropped @seqLength'])
  })

  it('says when a template does not go with the tokenizer', async () => {
    expect(codes(await preview({ template: 'qwen' }))).toContain('warning template.addsTokens @template')
    expect(codes(await preview({ template: 'qwen', tokenizer: qwen }))).toEqual([])
    expect(codes(await preview({ template: 'mistral', tokenizer: qwen }))).toContain('warning template.noBos @template')
    await expect(preview({ template: 'llama2', tokenizer: qwen })).rejects.toMatchObject({
      code: 'dataset.templateToken',
    })
  })

  it('looks for room on the disk only when it knows the place', async () => {
    const outputPrefix = path.join(folder, 'new', 'data')
    const { findings, estimatedBytes } = await preview({ outputPrefix })
    expect(findings).toEqual([])
    expect(estimatedBytes).toBeGreaterThan(0)
  })

  it('takes a tokenizer again, but not one whose files have changed', async () => {
    const own = path.join(folder, 'tokenizer')
    await cp(llama, own, { recursive: true })
    const spec = { handler: 'alpaca', template: 'llama2', tokenizer: own } as const
    const first = await previewTokenizer(spec)
    expect(await previewTokenizer(spec)).toBe(first)
    expect(await previewTokenizer({ ...spec, template: 'default' })).not.toBe(first)
    const config = path.join(own, 'tokenizer_config.json')
    await writeFile(config, `${await readFile(config, 'utf8')} `)
    expect(await previewTokenizer(spec)).not.toBe(first)
    await rm(own, { recursive: true })
    await expect(previewTokenizer(spec)).rejects.toMatchObject({ code: 'file.missing' })
  })

  it('gives way when nobody waits any more', async () => {
    const input = path.join(folder, 'many.jsonl')
    const row = JSON.stringify({ instruction: 'x '.repeat(3000), input: '', output: 'y' })
    await writeFile(input, `${row}\n`.repeat(400))
    await expect(preview({ input }, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('the preview of MindRecord', () => {
  it('shows conversations whole, neither cut nor filled up', async () => {
    const input = path.join(records, 'conversation_multi.json')
    const { samples, rule } = await previewOfRecords({ handler: 'qa', input })
    expect(rule).toEqual({ kind: 'cut', room: 1, width: 1 })
    expect(textOf(samples[0]?.tokens)).toContain('Shards are slices.')
    expect(trainedText(samples[0])).toContain('hi, how can I help?')
    expect(trainedText(samples[0])).not.toContain('tell me about')
    expect(samples[0]?.tokens.at(-1)?.text).not.toBe('<unk>')
  })

  it.each([
    ['qa', 'llama', llama],
    ['chatml', 'qwen1.5', qwen],
  ])('reads alpaca rows as they will be after their conversion (%s)', async (handler, convert, tokenizer) => {
    const input = path.join(records, 'alpaca.json')
    const { samples, rejected } = await previewOfRecords({ handler, convert, input, tokenizer })
    expect(rejected).toEqual([])
    expect(samples).toHaveLength(2)
    const without = await previewOfRecords({ handler, input, tokenizer })
    expect(without.samples).toEqual([])
    expect(new Set(without.rejected.map(({ reason }) => reason))).toEqual(new Set(['badMessages']))
  })

  it('has the lengths that the records really have', async () => {
    const input = path.join(records, 'conversation_multi.json')
    const { lengths } = await previewOfRecords({ handler: 'qa', input })
    const output = path.join(folder, 'out.mindrecord')
    const spec = MindRecordSpec.parse({ handler: 'qa', input, output, tokenizer: llama, seqLength: 512, shards: 2 })
    await writeMindRecord(spec, {
      signal: new AbortController().signal,
      advance: () => undefined,
      note: () => undefined,
    })
    const written: number[] = []
    for (let sample = 0; sample < lengths.length; sample++) {
      const found = await inspectDataset({ prefix: output, sample })
      expect(found.sample?.length).toBe(513)
      written.push(found.sample?.tokens.findLastIndex(({ text }) => text !== '<unk>') ?? -1)
    }
    expect(written.map((last) => last + 1).sort()).toEqual([...lengths].sort())
    const missing = inspectDataset({ prefix: output, sample: lengths.length })
    await expect(missing).rejects.toMatchObject({ code: 'dataset.sampleMissing' })
  })

  it('says when there is too little for one record', async () => {
    const input = path.join(records, 'wiki.txt')
    const enough = await previewOfRecords({ handler: 'wiki', input, seqLength: 16 })
    expect(enough.rule?.kind).toBe('stream')
    expect(codes(enough)).toEqual([])
    expect(codes(await previewOfRecords({ handler: 'wiki', input, seqLength: 8192 }))).toEqual([
      'warning length.tooLittle @seqLength',
    ])
  })

  it('shows TeleChat rows one by one, with their marks', async () => {
    const tokenizer = path.join(records, 'telechat2.model')
    const input = path.join(records, 'telechat.jsonl')
    const { samples, rule, lengths } = await previewOfRecords({ handler: 'telechat', input, tokenizer, seqLength: 64 })
    expect(rule).toEqual({ kind: 'pack', room: 0, width: 1 })
    expect(samples[0]?.tokens.slice(0, 2).map(({ text }) => text)).toEqual(['<_start>', '<_user>'])
    expect(trainedText(samples[0])).toContain('It splits the weights into shards.')
    expect(lengths.length).toBe((await readFile(input, 'utf8')).trim().split('\n').length)
    const tokens = { pad: '<nothing>' }
    await expect(previewOfRecords({ handler: 'telechat', input, tokenizer, tokens })).rejects.toMatchObject({
      code: 'dataset.tokenMissing',
    })
  })
})
