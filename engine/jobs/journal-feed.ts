import type { JournalEntryBody } from '../protocol/jobs.ts'
import { parserOf } from '../logs/dialects.ts'
import type { JobFolder, StoredSpec } from './job-folder.ts'
import type { JournalWriter } from './journal-writer.ts'
import { LineTail } from './line-tail.ts'
import { parseLine } from './parse-line.ts'

/** A passport with thousands of files still fits; what is longer is not an event. */
const MAX_EVENT_BYTES = 8 * 1024 * 1024
/** Lines with metrics are short. */
const MAX_OUTPUT_LINE_BYTES = 16 * 1024

/** Brings what a task tells, or what the lines of a script's output mean, into the journal. */
export class JournalFeed {
  readonly #journal: JournalWriter
  readonly #events: LineTail | null
  readonly #output: LineTail | null
  readonly #parse: (line: string) => JournalEntryBody[]

  constructor(folder: JobFolder, spec: StoredSpec, journal: JournalWriter) {
    this.#journal = journal
    const { events, output } = journal.cursor
    const dialect = spec.run.kind === 'script' ? spec.run.dialect : 'plain'
    const parse = parserOf(dialect)
    this.#parse = parse ?? (() => [])
    this.#events =
      spec.run.kind === 'task' ? new LineTail(folder.events, events, { maxLineBytes: MAX_EVENT_BYTES }) : null
    this.#output = parse
      ? new LineTail(folder.output, output, { maxLineBytes: MAX_OUTPUT_LINE_BYTES, splitsAtReturn: true })
      : null
  }

  /** Works off what is there. False when it had to leave something for lack of space on the disk. */
  pump(): boolean {
    if (!this.#journal.flush()) return false
    for (const { text, end } of this.#events?.lines() ?? []) {
      const event = parseLine<JournalEntryBody & { t: string }>(text)
      if (!event) continue
      const { t, ...body } = event
      this.#journal.append(body as JournalEntryBody, { t, cursor: { events: end } })
      if (this.#journal.isBlocked) return false
    }
    for (const { text, start, end } of this.#output?.lines() ?? []) {
      const bodies = this.#parse(text)
      const written = start === this.#journal.cursor.output ? this.#journal.cursor.part : 0
      bodies.slice(written).forEach((body, index) => {
        const part = written + index + 1
        this.#journal.append(body, {
          cursor: part < bodies.length ? { output: start, part } : { output: end, part: 0 },
        })
      })
      if (this.#journal.isBlocked) return false
    }
    return true
  }

  close(): void {
    this.#events?.close()
    this.#output?.close()
  }
}
