import type { Progress } from '../protocol/jobs.ts'
import type { Locale } from '../protocol/text.ts'
import { formatProgress } from './format.ts'

/** Without a terminal a line is added this often. */
const PLAIN_LINE_MS = 5000

/** Progress on standard error: one line that is drawn again on a terminal, now and then a line elsewhere. */
export class ProgressLine {
  readonly #out: NodeJS.WriteStream
  readonly #locale: Locale
  #shown = ''
  #writtenAt = -Infinity
  #phase: string | undefined
  #isDone = false

  constructor(out: NodeJS.WriteStream, locale: Locale) {
    this.#out = out
    this.#locale = locale
  }

  show(progress: Progress): void {
    const text = formatProgress(progress, this.#locale)
    if (this.#out.isTTY) {
      this.#shown = text.slice(0, Math.max(20, (this.#out.columns ?? 80) - 1))
      this.#out.write(`\r\x1b[K${this.#shown}`)
      return
    }
    const isNewPhase = progress.phase?.en !== this.#phase
    const isDone = progress.done >= progress.total
    const isDue = performance.now() - this.#writtenAt >= PLAIN_LINE_MS || isNewPhase || isDone
    // The end of a phase may be told several times.
    if (!isDue || (isDone && this.#isDone && !isNewPhase)) return
    this.#isDone = isDone
    this.#phase = progress.phase?.en
    this.#writtenAt = performance.now()
    this.#out.write(`${text}\n`)
  }

  /** Makes room for other output; the next `show` draws the line again. */
  clear(): void {
    if (this.#shown === '') return
    this.#shown = ''
    this.#out.write('\r\x1b[K')
  }
}
