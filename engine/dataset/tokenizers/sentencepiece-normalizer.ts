import { Charsmap } from './charsmap.ts'
import type { SentencePieceModel } from './sentencepiece-model.ts'

/** How SentencePiece writes a space inside pieces: U+2581. */
export const SPACE_MARK = '▁'

/** SentencePiece's text normalisation: character map, spaces, the space in front. */
export class SentencePieceNormalizer {
  readonly #charsmap: Charsmap | null
  readonly #removesExtra: boolean
  readonly #space: string
  readonly #asSuffix: boolean

  constructor(model: SentencePieceModel) {
    this.#charsmap = model.charsmap.length === 0 ? null : new Charsmap(model.charsmap)
    this.#removesExtra = model.removeExtraWhitespaces
    this.#space = model.escapeWhitespaces ? SPACE_MARK : ' '
    this.#asSuffix = model.whitespaceAsSuffix
  }

  /**
   * @param dummyPrefix whether a space is put in front (behind, where the model wants it so)
   * @param keepsStart whether white space at the start stays even where the model removes it: the Hugging Face class
   *   without `legacy` protects it so
   */
  normalize(text: string, dummyPrefix: boolean, keepsStart = false): string {
    let result = this.#charsmap === null ? text : this.#charsmap.apply(text)
    if (this.#removesExtra) {
      if (!keepsStart) result = result.replace(/^ +/, '')
      result = result.replace(/ {2,}/g, ' ').replace(/ +$/, '')
    }
    if (result === '') return ''
    if (this.#space !== ' ') result = result.replaceAll(' ', this.#space)
    if (!dummyPrefix) return result
    return this.#asSuffix ? result + this.#space : this.#space + result
  }
}
