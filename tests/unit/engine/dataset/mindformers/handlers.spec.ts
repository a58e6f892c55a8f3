import { readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  pythonJson,
  readAlpacaRow,
  toLlamaConversation,
  toQwenMessages,
} from '#engine/dataset/mindformers/alpaca-converter.ts'
import { MersenneTwister } from '#engine/dataset/mindformers/mersenne-twister.ts'
import { writeMindRecord } from '#engine/dataset/mindformers/run.ts'
import { cleanWikitext } from '#engine/dataset/mindformers/wikitext.ts'
import { MindRecordSpec } from '#engine/protocol/tasks.ts'
import { readMindRecord } from '../../../../fixtures/dataset/mindrecord-reader.ts'

const fixtures = path.join(import.meta.dirname, '../../../../fixtures/dataset')
const place = (name: string) => path.join(fixtures, 'mindformers', name)
const json = (name: string) => JSON.parse(readFileSync(place(name), 'utf8')) as never
const llama = path.join(fixtures, 'llama2-tokenizer/tokenizer.model')
const qwen = path.join(fixtures, 'qwen15-tokenizer')

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-mindformers-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const notes: string[] = []
const output = () => path.join(folder, 'out.mindrecord')
const run = (spec: Record<string, unknown>) =>
  writeMindRecord(MindRecordSpec.parse({ output: output(), ...spec }), {
    signal: new AbortController().signal,
    advance: () => undefined,
    note: ({ en }) => notes.push(en),
  })

type Golden = { rows: Record<string, number[]>[]; desc: string | null }
type AlpacaRow = Parameters<typeof toQwenMessages>[0]

describe('rows of the originals', () => {
  it('qa: conversations with rows that do not fit', async () => {
    const golden: Golden = json('qa.rows.json')
    const input = place('conversation_no_marker.json')
    const passport = await run({ handler: 'qa', input, tokenizer: llama, seqLength: 96 })
    const found = readMindRecord(output())
    expect(found.rows).toEqual(golden.rows)
    expect(found.header.schema).toMatchObject([{ desc: golden.desc }])
    expect(passport).toMatchObject({ format: 'mindrecord', samples: 4, rejected: {} })
    expect(Object.keys(passport.files)).toEqual(['out.mindrecord'])
  })

  it('chatml: messages of the converter', async () => {
    const golden: Golden = json('chatml.rows.json')
    const alpaca: AlpacaRow[] = json('alpaca.json')
    const input = path.join(folder, 'messages.json')
    await writeFile(input, alpaca.map((row) => `${pythonJson(toQwenMessages(row))}\n`).join(''))
    const merges = path.join(qwen, 'merges.txt')
    await run({ handler: 'chatml', input, tokenizer: path.join(qwen, 'vocab.json'), merges, seqLength: 160 })
    expect(readMindRecord(output()).rows).toEqual(golden.rows)
  })

  it('telechat: shuffled, packed, filled in front, without the last pack', async () => {
    const golden: Golden = json('telechat.rows.json')
    const spec = { handler: 'telechat', input: place('telechat.jsonl'), tokenizer: place('telechat2.model') }
    await run({ ...spec, seqLength: 64, seed: 7 })
    expect(readMindRecord(output()).rows).toEqual(golden.rows)
  })

  it('wiki: blocks of cleaned paragraphs, taken as often as asked', async () => {
    const golden: Golden & { cleaned: string } = json('wiki.rows.json')
    expect(cleanWikitext(readFileSync(place('wiki.txt'), 'utf8'))).toBe(golden.cleaned)
    const spec = { handler: 'wiki', input: place('wiki.txt'), tokenizer: llama, seqLength: 16 }
    await run(spec)
    const once = readMindRecord(output()).rows
    expect(once.map(({ input_ids }) => input_ids)).toEqual(golden.rows)
    await run({ ...spec, output: path.join(folder, 'twice.mindrecord'), repeat: 2 })
    const twice = readMindRecord(path.join(folder, 'twice.mindrecord')).rows
    expect(twice.slice(0, once.length)).toEqual(once)
    expect(twice.length).toBeGreaterThanOrEqual(2 * once.length)
  })
})

describe('wiki of Qwen1.5', () => {
  it('has no tokens around paragraphs', async () => {
    const input = path.join(folder, 'wiki.txt')
    await writeFile(input, ' = Head = \n\nab\n\nc')
    await run({ handler: 'wiki', input, tokenizer: path.join(qwen, 'vocab.json'), seqLength: 2 })
    const vocabulary = JSON.parse(readFileSync(path.join(qwen, 'vocab.json'), 'utf8')) as Record<string, number>
    const found = readMindRecord(output())
    expect(found.header.schema).toMatchObject([{ desc: '' }])
    const [a, b, c] = ['a', 'b', 'c'].map((piece) => vocabulary[piece])
    expect(found.rows).toEqual([{ input_ids: [a, b, c] }])
  })
})

describe('squad', () => {
  const ids: { prompt: number[]; whole: number[]; answer: number[] } = json('squad.rows.json')
  const file = async () => {
    const qas = [{ question: 'How many?', answers: [{ text: 'two' }, { text: 'no' }] }]
    const input = path.join(folder, 'squad.json')
    await writeFile(input, JSON.stringify({ data: [{ paragraphs: [{ context: 'Two shards.', qas }] }] }))
    return { handler: 'squad', input, tokenizer: llama, seqLength: 100 }
  }

  it('masks the prompt but for its last token, and the padding', async () => {
    await run(await file())
    const whole = [1, ...ids.whole, 2]
    const fill = (value: number) => new Array<number>(101 - whole.length).fill(value)
    const masked = ids.prompt.map(() => -100)
    expect(readMindRecord(output()).rows).toEqual([
      { input_ids: [...whole, ...fill(0)], labels: [...masked, ...whole.slice(masked.length), ...fill(-100)] },
    ])
  })

  it('keeps prompt and answer apart for evaluation', async () => {
    await run({ ...(await file()), mode: 'eval' })
    const [row] = readMindRecord(output()).rows
    expect(row?.input_ids?.slice(0, ids.prompt.length + 2)).toEqual([1, ...ids.prompt, 0])
    expect(row?.labels?.slice(0, ids.answer.length + 1)).toEqual([...ids.answer, 0])
    expect(row?.labels).toHaveLength(100)
  })
})

describe('dialogues of the guide', () => {
  it('trains answers and their ends, fills at the end, drops the last pack', async () => {
    const model = place('telechat2.model')
    const input = path.join(folder, 'dialog.jsonl')
    const dialog = [
      { role: 'user', content: 'hello' },
      { role: 'bot', content: 'hello' },
    ]
    const row = JSON.stringify({ system: '', dialog, multiturn: false, tool: false })
    await writeFile(input, `${row}\n${row}\n`)
    await run({ handler: 'telechat', input, tokenizer: model, seqLength: 15 })
    const [record, ...others] = readMindRecord(output()).rows
    expect(others).toEqual([])
    // <_system> <_user> he llo <_bot> he llo <_end> and a line break of two tokens, in this vocabulary.
    const ids = record?.input_ids ?? []
    expect([ids[0], ids[1], ids[4], ids[7]]).toEqual([7, 5, 6, 4])
    expect(record?.labels).toEqual(ids.map((id, i) => (i >= 5 && i <= 7 ? id : -100)))
    expect(ids.slice(10)).toEqual(new Array(6).fill(8))
  })
})

describe('bad rows', () => {
  it('are told, and nothing is written where none is good', async () => {
    const spec = { handler: 'qa', tokenizer: llama, seqLength: 64 }
    await expect(run({ ...spec, input: place('conversation_bad.json') })).rejects.toMatchObject({
      code: 'dataset.noSamples',
    })
    expect(await readdir(folder)).toEqual([])
    const input = path.join(folder, 'mixed.jsonl')
    const good = (json('conversation_multi.json') as object[]).map((row) => JSON.stringify(row))
    await writeFile(input, [...good, '{"conversations": [{"from": "bot"}]}'].join('\n'))
    expect(await run({ ...spec, input })).toMatchObject({ rows: 3, samples: 2, rejected: { badRole: 1 } })
    expect(await readFile(`${output()}.rejected.jsonl`, 'utf8')).toContain('"line":3')
    await expect(run({ ...spec, input })).rejects.toMatchObject({ code: 'file.exists' })
    const strict = { ...spec, input, strict: true, output: path.join(folder, 'strict.mindrecord') }
    await expect(run(strict)).rejects.toMatchObject({ code: 'dataset.rowRejected' })
  })
})

describe('a folder', () => {
  it('tells which files are left out', async () => {
    notes.length = 0
    const input = path.join(folder, 'rows')
    await mkdir(input)
    await copyFile(place('conversation_multi.json'), path.join(input, 'a.json'))
    await copyFile(place('conversation_multi.json'), path.join(input, 'b.json'))
    await copyFile(place('wiki.txt'), path.join(input, 'wiki.txt'))
    expect(await run({ handler: 'qa', input, tokenizer: llama, seqLength: 64 })).toMatchObject({ samples: 4 })
    expect(notes).toEqual([expect.stringContaining('wiki.txt')])
  })
})

describe('the converter of alpaca rows', () => {
  it('gives the conversations of the original', () => {
    const alpaca: unknown[] = json('alpaca.json')
    const rows = alpaca.slice(0, 4).map((row, i) => toLlamaConversation(readAlpacaRow(row) as AlpacaRow, i + 1))
    expect(rows).toEqual(json('conversation_no_marker.json'))
    expect(readAlpacaRow({ instruction: 'x' })).toMatchObject({ reason: 'noResponse' })
  })

  it('writes JSON as Python does', () => {
    expect(pythonJson({ a: ['中', 1], '"': { b: null } })).toBe('{"a": ["\\u4e2d", 1], "\\"": {"b": null}}')
  })
})

describe("Python's random numbers", () => {
  // Of Python 3: random.seed(seed), then three getrandbits(32); or a shuffle of 0 to 19.
  it.each([
    [0, [3626764237, 1654615998, 3255389356], '10 18 16 14 0 17 11 2 3 9 5 7 4 19 6 15 8 1 13 12'],
    [7, [1390851128, 4071050724, 647892279], '17 15 11 18 7 6 19 3 14 0 9 5 16 8 13 2 1 12 4 10'],
    [2 ** 40 + 5, [2166296868, 2220160828, 1153647273], '9 7 17 13 4 18 5 6 10 11 3 14 12 15 2 1 0 8 19 16'],
  ])('are those of seed %d', (seed, bits, shuffled) => {
    const random = new MersenneTwister(seed)
    expect(bits.map(() => random.next())).toEqual(bits)
    const list = Array.from({ length: 20 }, (_, i) => i)
    new MersenneTwister(seed).shuffle(list)
    expect(list.join(' ')).toBe(shuffled)
  })
})
