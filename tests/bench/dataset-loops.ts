/**
 * Encoders called from a plain loop over the same texts, in a process of their own:
 * `node dataset-loops.ts ours|native <tokenizer> <texts.json>`. Prints tokens and seconds as JSON, per pass.
 */
import { readFileSync } from 'node:fs'
import { Tokenizer as NativeTokenizer } from 'tokenizers'
import { loadTokenizer } from '../../engine/dataset/tokenizers/load.ts'
import { TokenBuffer } from '../../engine/dataset/tokenizers/token-buffer.ts'

const [which, file = '', list = ''] = process.argv.slice(2)
const texts = JSON.parse(readFileSync(list, 'utf8')) as string[]

async function ours(): Promise<() => Promise<number>> {
  const tokenizer = await loadTokenizer(file)
  const out = new TokenBuffer()
  return () => {
    let tokens = 0
    for (const text of texts) {
      out.clear()
      tokenizer.encodeInto(text, out)
      tokens += out.length
    }
    return Promise.resolve(tokens)
  }
}

function native(): () => Promise<number> {
  const tokenizer = NativeTokenizer.fromFile(file)
  return async () => {
    let tokens = 0
    for (const text of texts) tokens += (await tokenizer.encode(text)).getLength()
    return tokens
  }
}

const pass = which === 'native' ? native() : await ours()
const results: [number, number][] = []
for (let i = 0; i < 2; i++) {
  const startedAt = performance.now()
  results.push([await pass(), (performance.now() - startedAt) / 1000])
}
console.log(JSON.stringify(results))
