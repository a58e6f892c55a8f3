import { closeSync, openSync, writeSync, fstatSync, ftruncateSync } from 'node:fs'
import { errnoOf } from '../host/fs-errors.ts'
import type { JournalEntryBody } from '../protocol/jobs.ts'

/** What waits while the disk is full; progress is left out first, since newer progress replaces it. */
const MAX_WAITING = 10_000

/** `events.ndjson` of a job: what its task tells, whole lines in order. The task is its only writer. */
export class EventFile {
  readonly #fd: number
  #size: number
  #waiting: { kind: string; line: Buffer }[] = []

  constructor(path: string) {
    this.#fd = openSync(path, 'a', 0o600)
    this.#size = fstatSync(this.#fd).size
  }

  append(body: JournalEntryBody): void {
    const line = Buffer.from(`${JSON.stringify({ t: new Date().toISOString(), ...body })}\n`)
    if (this.#waiting.length > 0 && body.kind === 'progress') return
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push({ kind: body.kind, line })
    this.flush()
  }

  /** Writes what waits; false while the disk is full. */
  flush(): boolean {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      try {
        for (let done = 0; done < next.line.length;) done += writeSync(this.#fd, next.line, done)
      } catch (error) {
        if (!['ENOSPC', 'EDQUOT'].includes(errnoOf(error) ?? '')) throw error
        ftruncateSync(this.#fd, this.#size)
        return false
      }
      this.#size += next.line.length
      this.#waiting.shift()
    }
    return true
  }

  close(): void {
    closeSync(this.#fd)
  }
}
