/**
 * Encoding speed against the native tokenizers library and python3-sentencepiece, and preprocessing end to end, on
 * generated text: `node tests/bench/dataset.bench.ts [MB]`.
 */
import { execFileSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { Tokenizer as NativeTokenizer } from 'tokenizers'
import { preprocess } from '../../engine/dataset/preprocess.ts'
import { loadTokenizer } from '../../engine/dataset/tokenizers/load.ts'
import { TokenBuffer } from '../../engine/dataset/tokenizers/token-buffer.ts'
import { PreprocessSpec } from '../../engine/protocol/tasks.ts'

const megabytes = Number(process.argv[2] ?? 50)
const sample = fileURLToPath(new URL('../../resources/sample', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'awb-bench-'))

interface Row {
  instruction: string
  input: string
  output: string
}
const rows = JSON.parse(readFileSync(join(sample, 'dataset/alpaca-sample.json'), 'utf8')) as Row[]

/** Words of both languages in a seeded order, some of them made up, so that no cache can know them all. */
function* generate(bytes: number): Generator<Row> {
  const words = rows.flatMap(({ instruction, output }) => `${instruction} ${output}`.split(' '))
  let state = 1234
  const random = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const text = (count: number): string =>
    Array.from({ length: count }, () =>
      random(8) === 0 ? random(36 ** 6).toString(36) : words[random(words.length)],
    ).join(' ')
  for (let made = 0; made < bytes;) {
    const row = { instruction: text(20), input: random(2) === 0 ? '' : text(10), output: text(80) }
    made += Buffer.byteLength(row.instruction) + Buffer.byteLength(row.input) + Buffer.byteLength(row.output)
    yield row
  }
}

/** A larger vocabulary than the sample's, trained on the generated text, as real models have one. */
const TRAIN = `
import json, sys, sentencepiece
lines = [json.loads(line)["output"] for line, _ in zip(open(sys.argv[1], encoding="utf-8"), range(20000))]
sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_prefix=sys.argv[2], model_type="bpe",
    vocab_size=16000, character_coverage=1.0, byte_fallback=True, normalization_rule_name="identity",
    remove_extra_whitespaces=False, split_digits=True, hard_vocab_limit=False, num_threads=1, minloglevel=2)
`
const ENCODE = `
import json, sys, time, sentencepiece
processor = sentencepiece.SentencePieceProcessor(model_file=sys.argv[1])
texts = json.load(open(sys.argv[2], encoding="utf-8"))
started = time.time()
tokens = sum(len(processor.encode(text)) for text in texts)
print(json.dumps([tokens, time.time() - started]))
`

function report(name: string, tokens: number, seconds: number, bytes: number): void {
  const rate = `${(tokens / seconds / 1e6).toFixed(2)} Mtok/s`
  console.log(`${name.padEnd(44)}${rate.padStart(14)}${`${(bytes / seconds / 1e6).toFixed(1)} MB/s`.padStart(12)}`)
}

async function benchEncoding(file: string, texts: readonly string[], bytes: number): Promise<void> {
  const tokenizer = await loadTokenizer(file)
  const out = new TokenBuffer()
  for (const pass of ['cold', 'warm']) {
    const startedAt = performance.now()
    let tokens = 0
    for (const text of texts) {
      out.clear()
      tokenizer.encodeInto(text, out)
      tokens += out.length
    }
    report(`ours, ${tokenizer.kind}, ${pass}`, tokens, (performance.now() - startedAt) / 1000, bytes)
  }
}

try {
  const input = join(folder, 'rows.jsonl')
  const stream = createWriteStream(input)
  const texts: string[] = []
  for (const row of generate(megabytes * 1e6)) {
    stream.write(`${JSON.stringify(row)}\n`)
    if (texts.length < 20_000) texts.push(row.output)
  }
  stream.end()
  await finished(stream)
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  const model = join(folder, 'tokenizer.model')
  execFileSync('/usr/bin/python3', ['-c', TRAIN, input, join(folder, 'tokenizer')])
  const json = join(sample, 'tokenizer/tokenizer.json')

  console.log(`16000 pieces, ${(bytes / 1e6).toFixed(1)} MB of text, one thread`)
  await benchEncoding(model, texts, bytes)
  const list = join(folder, 'texts.json')
  writeFileSync(list, JSON.stringify(texts))
  const output = execFileSync('/usr/bin/python3', ['-c', ENCODE, model, list]).toString()
  const [tokens = 0, seconds = 1] = JSON.parse(output) as number[]
  report('python3-sentencepiece', tokens, seconds, bytes)

  console.log('\n1024 pieces of the sample, the same text')
  await benchEncoding(json, texts, bytes)
  const native = NativeTokenizer.fromFile(json)
  const startedAt = performance.now()
  let nativeTokens = 0
  for (const text of texts) nativeTokens += (await native.encode(text)).getLength()
  report('native tokenizers library, plain loop', nativeTokens, (performance.now() - startedAt) / 1000, bytes)

  console.log(`\nPreprocessing ${(statSync(input).size / 1e6).toFixed(1)} MB of JSONL end to end, one thread`)
  const spec = PreprocessSpec.parse({
    ...{ input, outputPrefix: join(folder, 'out'), handler: 'alpaca', template: 'llama2', tokenizer: model },
  })
  const runAt = performance.now()
  const passport = await preprocess(spec, { signal: new AbortController().signal, advance: () => undefined })
  report('reading, encoding, writing', passport.tokens, (performance.now() - runAt) / 1000, statSync(input).size)
  console.log(`peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB, generated texts included`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
