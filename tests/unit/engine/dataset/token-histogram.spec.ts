import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mergeDatasets } from '#engine/dataset/merge/merge.ts'
import { writeMindRecord } from '#engine/dataset/mindformers/run.ts'
import { preprocess } from '#engine/dataset/preprocess.ts'
import { TokenTally, sumCounts, summarizeTokens } from '#engine/dataset/token-histogram.ts'
import { loadTokenizer } from '#engine/dataset/tokenizers/load.ts'
import { DatasetPassport } from '#engine/protocol/passport.ts'
import { MindRecordSpec, PreprocessSpec } from '#engine/protocol/tasks.ts'
import { readIndexed } from '../../../fixtures/dataset/indexed-reader.ts'
import { readMindRecord } from '../../../fixtures/dataset/mindrecord-reader.ts'

const fixtures = fileURLToPath(new URL('../../../fixtures/dataset', import.meta.url))
const inputs = path.join(fixtures, 'mindspeed-llm', 'inputs')
const llama = path.join(fixtures, 'llama2-tokenizer')
const live = new AbortController().signal

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-tokens-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function made(input: string, name: string, options: Partial<Record<keyof PreprocessSpec, unknown>> = {}) {
  const base = { input, outputPrefix: path.join(folder, name), handler: 'alpaca', template: 'llama2', tokenizer: llama }
  const passport = await preprocess(PreprocessSpec.parse({ ...base, ...options }), {
    signal: live,
    advance: () => undefined,
  })
  return DatasetPassport.parse(passport)
}

/** Counted anew from the files, by another reader. */
function counted(...stems: string[]) {
  const counts = new Map<number, number>()
  for (const id of stems.flatMap((stem) => readIndexed(path.join(folder, stem)).flat(2))) {
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return countsOf(counts)
}

function countsOf(counts: ReadonlyMap<number, number>) {
  const ranked = [...counts].sort(([a, m], [b, n]) => n - m || a - b).slice(0, 100)
  return {
    counted: [...counts.values()].reduce((sum, count) => sum + count, 0),
    distinct: counts.size,
    top: ranked.map(([id, count]) => ({ id, count })),
  }
}

const plain = (histogram: DatasetPassport['tokenHistogram']) => ({
  counted: histogram?.counted,
  distinct: histogram?.distinct,
  top: histogram?.top.map(({ id, count }) => ({ id, count })),
})

describe('the token histogram of a passport', () => {
  it('counts the ids of instructions, not their masks and labels', async () => {
    const { tokenHistogram, tokens } = await made(path.join(inputs, 'alpaca_full.json'), 'a')
    expect(plain(tokenHistogram)).toEqual(counted('a_packed_input_ids_document'))
    expect(tokenHistogram).toMatchObject({ counted: tokens, unknown: 0, outside: 0, padding: 0 })
    expect(tokenHistogram?.top.find(({ id }) => id === 2)?.text).toBe('</s>')
    const inDecades = (part: 'ids' | 'tokens') => tokenHistogram?.frequencies.reduce((sum, one) => sum + one[part], 0)
    expect([inDecades('ids'), inDecades('tokens')]).toEqual([tokenHistogram?.distinct, tokens])
  })

  it('counts both answers of pairs, and all columns of texts', async () => {
    const pairs = await made(path.join(inputs, 'alpaca_pairwise.json'), 'p', { handler: 'alpaca-pairwise' })
    expect(plain(pairs.tokenHistogram)).toEqual(
      counted('p_packed_chosen_input_ids_document', 'p_packed_rejected_input_ids_document'),
    )
    const rows = [
      { labels: 'one', text: 'two 三' },
      { labels: 'four', text: '' },
    ]
    const input = path.join(folder, 'rows.jsonl')
    await writeFile(input, rows.map((row) => JSON.stringify(row)).join('\n'))
    const texts = await made(input, 't', { handler: 'pretrain', jsonKeys: ['labels', 'text'] })
    expect(plain(texts.tokenHistogram)).toEqual(counted('t_labels_document', 't_text_document'))
  })

  it('tells what packing filled up from what it counted, also after a merge', async () => {
    await mkdir(path.join(folder, 'parts'))
    const options = { pack: true, seqLength: 128 }
    const first = await made(path.join(inputs, 'alpaca_full.json'), 'parts/a', options)
    const second = await made(path.join(inputs, 'alpaca_basic.json'), 'parts/b', options)
    const padding = (first.tokenHistogram?.padding ?? 0) + (second.tokenHistogram?.padding ?? 0)
    expect(padding).toBe((first.samples + second.samples) * 128 - first.tokens - second.tokens)
    const keys = ['input_ids', 'attention_mask', 'labels'].map((key) => `packed_${key}_document`)
    const outputPrefix = path.join(folder, 'all')
    const { passport } = await mergeDatasets(
      { folder: path.join(folder, 'parts'), keys, outputPrefix },
      live,
      () => undefined,
    )
    const all = counted('all_packed_input_ids_document')
    expect(passport?.tokenHistogram).toMatchObject({ counted: all.counted - padding, padding })
    const separate = sumCounts(720, [])
    for (const { id, count } of all.top) separate[id] = count
    separate[0] = (separate[0] ?? 0) - padding
    expect(passport?.tokenHistogram?.top.slice(0, 20).map(({ id, count }) => [id, count])).toEqual(
      [...separate.entries()].sort(([a, m], [b, n]) => n - m || a - b).slice(0, 20),
    )
  })

  it('counts a merge anew, and says nothing where the tokenizer is gone', async () => {
    await mkdir(path.join(folder, 'parts'))
    const tokenizer = path.join(folder, 'tokenizer.model')
    await writeFile(tokenizer, await readFile(path.join(llama, 'tokenizer.model')))
    for (const name of ['a', 'b'])
      await made(path.join(inputs, `pretrain.jsonl`), `parts/${name}`, { handler: 'pretrain', tokenizer })
    const merge = (name: string) =>
      mergeDatasets(
        { folder: path.join(folder, 'parts'), keys: ['text_document'], outputPrefix: path.join(folder, name) },
        live,
        () => undefined,
      )
    const { passport } = await merge('one')
    expect(plain(passport?.tokenHistogram)).toEqual(counted('one_text_document'))
    await rm(tokenizer)
    expect((await merge('two')).passport).toMatchObject({ samples: 10 })
    expect((await merge('three')).passport?.tokenHistogram).toBeUndefined()
  })

  it('counts MindRecord without what fills up its records', async () => {
    const output = path.join(folder, 'x.mindrecord')
    const input = path.join(fixtures, 'mindformers', 'conversation_multi.json')
    const spec = MindRecordSpec.parse({ handler: 'qa', input, output, tokenizer: llama, seqLength: 512 })
    const passport = await writeMindRecord(spec, { signal: live, advance: () => undefined, note: () => undefined })
    const counts = new Map<number, number>()
    const { rows } = readMindRecord(output)
    let padding = 0
    for (const { input_ids: ids = [] } of rows) {
      const end = ids.findLastIndex((id) => id !== 0) + 1
      padding += ids.length - end
      for (const id of ids.slice(0, end)) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    expect(plain(passport.tokenHistogram)).toEqual(countsOf(counts))
    expect(passport.tokenHistogram).toMatchObject({ padding, unknown: 0 })
    expect(padding).toBeGreaterThan(0)
  })
})

describe('summarizeTokens', () => {
  it('tells unknown, bytes, control tokens and ids of no vocabulary apart', async () => {
    const tokenizer = await loadTokenizer(llama)
    const tally = new TokenTally(tokenizer.vocabSize)
    const emoji = tokenizer.encode('🦜')
    expect(emoji.length).toBeGreaterThan(3)
    const ordinary = tokenizer.encode('the')
    tally.add(Int32Array.of(0, 1, 1, 2, tokenizer.vocabSize, -1, ...ordinary, ...emoji))
    const histogram = summarizeTokens(tally.counts, tokenizer, 5)
    const bytes = emoji.filter((id) => /^<0x/.test(tokenizer.piece(id))).length
    expect(histogram).toMatchObject({
      ...{ counted: 6 + ordinary.length + emoji.length, unknown: 1, byteFallback: bytes, special: 3 },
      ...{ outside: 2, padding: 5, distinct: new Set([0, 1, 2, ...ordinary, ...emoji]).size },
    })
    expect(bytes).toBe(4)
    expect(histogram.top[0]).toEqual({ id: 1, text: '<s>', count: 2 })
  })

  it('names parts of characters by their bytes', async () => {
    const tokenizer = await loadTokenizer(path.join(fixtures, 'qwen15-tokenizer'))
    const parrot = Int32Array.from(tokenizer.encode('🦜 a'))
    const tally = new TokenTally(tokenizer.vocabSize)
    tally.add(parrot)
    const { byteFallback, top } = summarizeTokens(tally.counts, tokenizer, 0)
    const texts = top.map(({ text }) => text)
    expect(texts).toContain(' a')
    const bytes = texts.filter((text) => /^(?:<0x[0-9A-F]{2}>)+$/.test(text))
    expect(byteFallback).toBe(parrot.length - 1)
    expect(bytes.join('').match(/<0x/g)?.length).toBe(4)
  })

  it('sorts ids into decades of how often they occur', async () => {
    const tokenizer = await loadTokenizer(llama)
    const counts = sumCounts(tokenizer.vocabSize, [])
    for (const [id, count] of [
      [300, 1],
      [301, 9],
      [302, 10],
      [303, 1000],
    ] as const)
      counts[id] = count
    expect(summarizeTokens(counts, tokenizer, 0).frequencies).toEqual([
      { from: 1, to: 10, ids: 2, tokens: 10 },
      { from: 10, to: 100, ids: 1, tokens: 10 },
      { from: 100, to: 1000, ids: 0, tokens: 0 },
      { from: 1000, to: 10_000, ids: 1, tokens: 1000 },
    ])
  })
})

describe('the source of a passport', () => {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const row = (n: number) => `${JSON.stringify({ instruction: `Question ${n}`, input: '', output: 'x'.repeat(400) })}\n`
  const lines = Array.from({ length: 3500 }, (_, n) => row(n)).join('')

  it.each([
    ['a text', 'rows.jsonl', Buffer.from(lines)],
    ['a packed text', 'rows.jsonl.gz', gzipSync(lines, { level: 0 })],
  ])('has the digest of the part that was read of %s', async (_name, name, content) => {
    const input = path.join(folder, name)
    await writeFile(input, content)
    const whole = await made(input, 'whole')
    expect(whole.source).toEqual({ path: input, bytes: content.length, sha256: sha256(content) })
    const { source, rows } = await made(input, 'part', { maxRows: 10 })
    expect(rows).toBe(10)
    expect(source.readBytes).toBeLessThan(content.length)
    expect(source.sha256).toBe(sha256(content.subarray(0, source.readBytes)))
  })

  it('names the files of a folder that were begun', async () => {
    const parts = path.join(folder, 'parts')
    await mkdir(parts)
    const small = row(1) + row(2)
    await writeFile(path.join(parts, 'a.jsonl'), small)
    for (const name of ['b', 'c']) await writeFile(path.join(parts, `${name}.jsonl`), lines)
    const { source } = await made(parts, 'part', { maxRows: 5 })
    const begun = Buffer.from(lines).subarray(0, (source.readBytes ?? 0) - small.length)
    expect(source.sha256).toBe(
      sha256(Buffer.from(`${sha256(Buffer.from(small))}  a.jsonl\n${sha256(begun)}  b.jsonl\n`)),
    )
  })
})
