import { toByteCharacters } from './byte-alphabet.ts'
import { ChunkCache, HASH_START, hashUnit } from './chunk-cache.ts'
import type { Component } from './huggingface-json.ts'
import { GPT2, parseByteLevel, parseSplit } from './pre-tokenizers.ts'
import { toRegExp } from './rust-pattern.ts'
import type { TokenBuffer } from './token-buffer.ts'

/**
 * The pre-tokenizer of byte-level vocabularies (GPT-2, Qwen, Llama 3): words by one pattern, written in byte characters.
 * Words seen before give their ids again without being cut out of the text, which is several times faster than
 * `buildPreTokenizer` and the same.
 */
export class ByteLevelWords {
  readonly #cache = new ChunkCache()
  readonly #here: RegExp
  readonly #next: RegExp

  private constructor(pattern: string) {
    this.#next = toRegExp(pattern)
    this.#here = new RegExp(this.#next.source, 'uy')
  }

  /** Null for any other pre-tokenizer. */
  static of(component: Component | null): ByteLevelWords | null {
    const pattern = patternOf(component)
    return pattern === null ? null : new ByteLevelWords(pattern)
  }

  /** @param encodeWord appends the ids of a word that is written in byte characters */
  encodeInto(text: string, encodeWord: (word: string, out: TokenBuffer) => void, out: TokenBuffer): void {
    for (let start = 0; start < text.length;) {
      const end = this.#endOfWord(text, start)
      let hash = HASH_START
      for (let i = start; i < end; i++) hash = hashUnit(hash, text.charCodeAt(i))
      if (!this.#cache.take(text, start, end, hash, out)) {
        const from = out.length
        encodeWord(toByteCharacters(text.slice(start, end)), out)
        this.#cache.add(text, start, end, hash, out, from)
      }
      start = end
    }
  }

  /** What no word matches stands on its own up to the next one. */
  #endOfWord(text: string, start: number): number {
    this.#here.lastIndex = start
    if (this.#here.test(text) && this.#here.lastIndex > start) return this.#here.lastIndex
    this.#next.lastIndex = start
    for (let match = this.#next.exec(text); match !== null; match = this.#next.exec(text)) {
      if (match[0] !== '') return match.index > start ? match.index : this.#next.lastIndex
      // Never into the middle of a character.
      this.#next.lastIndex += (text.codePointAt(this.#next.lastIndex) ?? 0) > 0xffff ? 2 : 1
    }
    return text.length
  }
}

/** The pattern of the words: of ByteLevel alone, or of a Split in front of it. */
function patternOf(component: Component | null): string | null {
  if (component?.type === 'ByteLevel') {
    const { add_prefix_space, use_regex } = parseByteLevel(component)
    return use_regex && !add_prefix_space ? GPT2 : null
  }
  if (component?.type !== 'Sequence' || !Array.isArray(component.pretokenizers)) return null
  const [first, second, ...others] = component.pretokenizers as Component[]
  if (first?.type !== 'Split' || second?.type !== 'ByteLevel' || others.length > 0) return null
  const { add_prefix_space, use_regex } = parseByteLevel(second)
  const { pattern, behavior, invert } = parseSplit(first)
  const isPlain = behavior === 'Isolated' && !invert && !use_regex && !add_prefix_space
  return isPlain && 'Regex' in pattern ? pattern.Regex : null
}
