/** Generated rows and tokenizers of a usual size for them: nothing is downloaded, and a seed makes them the same each time. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { BPE, Tokenizer, byteLevelPreTokenizer } from 'tokenizers'

export interface Row {
  instruction: string
  input: string
  output: string
}

const sample = fileURLToPath(new URL('../../resources/sample/dataset/alpaca-sample.json', import.meta.url))

/** Words of both languages in a seeded order, some of them made up, so that no cache can know them all. */
function* generate(): Generator<Row> {
  const rows = JSON.parse(readFileSync(sample, 'utf8')) as Row[]
  const words = rows.flatMap(({ instruction, output }) => `${instruction} ${output}`.split(' '))
  let state = 1234
  const random = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const text = (count: number): string => {
    let all = ''
    for (let i = 0; i < count; i++)
      all += ` ${random(8) === 0 ? random(36 ** 6).toString(36) : words[random(words.length)]}`
    return all.slice(1)
  }
  for (;;) yield { instruction: text(20), input: random(2) === 0 ? '' : text(10), output: text(80) }
}

/** Writes rows, one JSON object per line, until the file has the size. */
export async function writeRows(file: string, bytes: number, toLine: (row: Row) => unknown): Promise<void> {
  const stream = createWriteStream(file)
  let made = 0
  for (const row of generate()) {
    const line = `${JSON.stringify(toLine(row))}\n`
    made += Buffer.byteLength(line)
    if (!stream.write(line)) await once(stream, 'drain')
    if (made >= bytes) break
  }
  stream.end()
  await finished(stream)
}

/** Answers of the first rows. */
export function sampleTexts(count: number): string[] {
  const texts: string[] = []
  for (const { output } of generate()) if (texts.push(output) >= count) break
  return texts
}

const TRAIN = `
import sys, sentencepiece
lines = open(sys.argv[1], encoding="utf-8").read().split("\\n")
sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_prefix=sys.argv[2], model_type="bpe",
    vocab_size=16000, character_coverage=1.0, byte_fallback=True, normalization_rule_name="identity",
    remove_extra_whitespaces=False, split_digits=True, hard_vocab_limit=False, num_threads=1, minloglevel=2)
`

/** A SentencePiece model (16 000 pieces, as Llama's are made) and a byte-level BPE (30 000 tokens, as Qwen's is made). */
export function trainTokenizers(folder: string, texts: readonly string[]): { model: string; json: string } {
  const list = join(folder, 'texts.txt')
  writeFileSync(list, texts.join('\n'))
  execFileSync('/usr/bin/python3', ['-c', TRAIN, list, join(folder, 'tokenizer')])
  const tokenizer = new Tokenizer(BPE.empty())
  tokenizer.setPreTokenizer(byteLevelPreTokenizer(false))
  tokenizer.train([list])
  tokenizer.addSpecialTokens(['<s>', '</s>'])
  const json = join(folder, 'tokenizer.json')
  tokenizer.save(json)
  return { model: join(folder, 'tokenizer.model'), json }
}
