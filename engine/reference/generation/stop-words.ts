/** Passes text through until a stop word occurs; text that could still become one is held back. */
export class StopWordFilter {
  readonly #words: readonly string[]
  #held = ''

  constructor(words: readonly string[]) {
    this.#words = words.filter((word) => word !== '')
  }

  /** The text that is certain now; `stopped` when a stop word was found, which ends the text in front of it. */
  push(text: string): { text: string; stopped: boolean } {
    this.#held += text
    const found = this.#words.map((word) => this.#held.indexOf(word)).filter((at) => at >= 0)
    if (found.length > 0) {
      const before = this.#held.slice(0, Math.min(...found))
      this.#held = ''
      return { text: before, stopped: true }
    }
    const certain = this.#held.length - this.#openLength()
    const out = this.#held.slice(0, certain)
    this.#held = this.#held.slice(certain)
    return { text: out, stopped: false }
  }

  /** What was held back, at the end of the text. */
  end(): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }

  /** Length of the longest end of the held text that begins a stop word. */
  #openLength(): number {
    let longest = 0
    for (const word of this.#words) {
      for (let length = Math.min(word.length - 1, this.#held.length); length > longest; length--) {
        if (this.#held.endsWith(word.slice(0, length))) longest = length
      }
    }
    return longest
  }
}
