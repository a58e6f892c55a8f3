import type { LogLine } from '#contract/index.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'

export type LogLevel = LogLine['level']
export type LogFields = Record<string, unknown>

/** Where finished lines go besides memory. */
export interface LogSink {
  write(line: string): void
}

/** How many lines the page can look back. */
const KEPT_LINES = 5000
const LONGEST_TEXT = 4000

/** The workbench's own log: structured lines to a sink, the last ones in memory for the page. */
export class Log {
  readonly #clock: Clock
  readonly #sink: LogSink
  readonly #lines: LogLine[] = []
  readonly #added = new Emitter<LogLine>()
  #last = 0

  constructor(clock: Clock, sink: LogSink) {
    this.#clock = clock
    this.#sink = sink
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#write('debug', event, fields)
  }

  info(event: string, fields: LogFields = {}): void {
    this.#write('info', event, fields)
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#write('warn', event, fields)
  }

  error(event: string, fields: LogFields = {}): void {
    this.#write('error', event, fields)
  }

  /** Lines from number `from` on that are still in memory. */
  read(from: number): LogLine[] {
    return this.#lines.filter((line) => line.n >= from)
  }

  onLine(listener: (line: LogLine) => void): Disposable {
    return this.#added.on(listener)
  }

  #write(level: LogLevel, event: string, fields: LogFields): void {
    const line: LogLine = {
      n: ++this.#last,
      t: new Date(this.#clock.now()).toISOString(),
      level,
      event,
      fields: plain(fields) as LogFields,
    }
    this.#lines.push(line)
    if (this.#lines.length > KEPT_LINES) this.#lines.splice(0, this.#lines.length - KEPT_LINES)
    this.#sink.write(JSON.stringify(line))
    this.#added.emit(line)
  }
}

/** A copy as plain JSON: errors with their stack, secrets as their placeholder, long texts cut. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, part: unknown) => {
      if (part instanceof Error) return { name: part.name, message: part.message, stack: part.stack, cause: part.cause }
      if (typeof part === 'string' && part.length > LONGEST_TEXT) return `${part.slice(0, LONGEST_TEXT)}…`
      if (typeof part === 'bigint') return String(part)
      return part
    }),
  )
}
