import type { TokenSpan } from '../protocol/datasets.ts'
import { IGNORED_LABEL } from './templates.ts'
import type { Tokenizer } from './tokenizers/tokenizer.ts'

/** Vocabularies name control tokens so that the text itself knows of, as TeleChat's does: `<_user>`, `<|im_end|>`. */
const MARK = /^<[_|][^<>\s]*>$/

/**
 * Tokens with the text each adds, for people. Special tokens show by name. A character spread over several byte tokens
 * shows at the token that completes it; bytes that never become a character show as they are written in the vocabulary.
 * @param tokenizer null shows ids only
 */
export function toSpans(ids: Int32Array, labels: Int32Array, tokenizer: Tokenizer | null): TokenSpan[] {
  const decoder = new TextDecoder('utf-8')
  return Array.from(ids, (id, i) => {
    const isTrained = labels[i] !== IGNORED_LABEL
    if (tokenizer === null) return { id, text: String(id), isTrained }
    const bytes = tokenizer.bytes(id)
    const text = bytes.length === 0 ? tokenizer.piece(id) : decoder.decode(bytes, { stream: true })
    const isSpecial = bytes.length === 0 || MARK.test(text)
    return { id, text, isTrained, ...(isSpecial ? { isSpecial } : {}) }
  })
}
