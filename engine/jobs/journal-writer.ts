import { closeSync, constants, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { errnoOf } from '../host/fs-errors.ts'
import type { JobState, JournalEntryBody } from '../protocol/jobs.ts'
import { endStates } from './job-states.ts'
import { parseLine } from './parse-line.ts'
import { LineTail } from './line-tail.ts'

/**
 * How far the sources of the journal are worked off, in bytes. Each line carries it, so that a line and the progress
 * it stands for are one write: whoever goes on after a crash neither repeats nor misses anything.
 */
export interface Cursor {
  events: number
  /** Start of the next line of output, and how many entries of that line are written already. */
  output: number
  part: number
}

interface StoredLine {
  n: number
  kind: string
  state?: JobState
  cursor: Cursor
}

/** No line that is written is longer than this, not even a passport of a checkpoint with thousands of files. */
const MAX_LINE_BYTES = 16 * 1024 * 1024

/**
 * `journal.ndjson`: append-only and numbered from 1; readable with `less`. One writer at a time. A line that a crash
 * has cut is removed on opening: its number was never seen by a reader, since readers take whole lines only.
 */
export class JournalWriter {
  readonly #fd: number
  #size: number
  #last: number
  #state: JobState | null
  #hasError: boolean
  #cursor: Cursor
  #waiting: Buffer[] = []

  constructor(path: string) {
    this.#last = 0
    this.#state = null
    this.#hasError = false
    this.#cursor = { events: 0, output: 0, part: 0 }
    let size = 0
    const tail = new LineTail(path, 0, { maxLineBytes: MAX_LINE_BYTES })
    for (const { text, end } of tail.lines()) {
      size = end
      const line = parseLine<StoredLine>(text)
      if (!line) continue
      this.#last = line.n
      this.#cursor = line.cursor
      if (line.kind === 'state' && line.state) this.#state = line.state
      if (line.kind === 'error') this.#hasError = true
    }
    tail.close()
    this.#size = size
    // Not for appending: after a cut line the next one starts where that one did.
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    ftruncateSync(this.#fd, size)
  }

  get state(): JobState | null {
    return this.#state
  }
  get hasEnded(): boolean {
    return this.#state !== null && endStates.has(this.#state)
  }
  get hasError(): boolean {
    return this.#hasError
  }
  get cursor(): Cursor {
    return { ...this.#cursor }
  }
  /** True while lines wait for space on the disk. */
  get isBlocked(): boolean {
    return this.#waiting.length > 0
  }

  append(body: JournalEntryBody, options: { cursor?: Partial<Cursor>; t?: string } = {}): void {
    this.#cursor = { ...this.#cursor, ...options.cursor }
    if (body.kind === 'state') this.#state = body.state
    if (body.kind === 'error') this.#hasError = true
    const t = options.t ?? new Date().toISOString()
    const line = JSON.stringify({ n: ++this.#last, t, ...body, cursor: this.#cursor })
    this.#waiting.push(Buffer.from(`${line}\n`))
    this.flush()
  }

  /** Writes what waits; false while the disk is full. */
  flush(): boolean {
    for (let line = this.#waiting[0]; line; line = this.#waiting[0]) {
      try {
        for (let done = 0; done < line.length;) {
          done += writeSync(this.#fd, line, done, line.length - done, this.#size + done)
        }
      } catch (error) {
        if (!['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')) throw error
        ftruncateSync(this.#fd, this.#size)
        return false
      }
      this.#size += line.length
      this.#waiting.shift()
    }
    return true
  }

  close(): void {
    fsyncSync(this.#fd)
    closeSync(this.#fd)
  }
}
