import { AppError, describeError, toCodedError } from '../protocol/errors/index.ts'
import type { Locale } from '../protocol/text.ts'
import { expandPath } from '../host/dirs.ts'
import { withFileCode } from '../host/fs-errors.ts'
import { TaskFailure } from '../tasks/task-failure.ts'

/** Exit codes of `awb`. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const

/** A command line that cannot be carried out as it is. */
export class UsageError extends Error {}

/** What one run of `awb` was asked for and how it answers. */
export class Session {
  readonly isJson: boolean
  readonly locale: Locale
  readonly #abort = new AbortController()

  constructor(isJson: boolean, locale: Locale) {
    this.isJson = isJson
    this.locale = locale
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** A path as the user means it: npm changes the folder, and says in INIT_CWD where the user stands. */
  readonly path = (path: string): string => expandPath(path, process.env.INIT_CWD ?? process.cwd())

  /** A text in the user's language. */
  readonly text = (en: string, zh: string): string => (this.locale === 'en' ? en : zh)

  /** The result: as JSON for programs, else as lines. */
  result(value: unknown, lines: () => string[]): void {
    process.stdout.write(
      this.isJson
        ? `${JSON.stringify(value)}\n`
        : lines()
            .map((line) => `${line}\n`)
            .join(''),
    )
  }

  /** Runs a command's work; the first Ctrl-C cancels it, the second one ends at once. Answers with the exit code. */
  async run(work: () => Promise<void>): Promise<number> {
    const onSignal = () => {
      if (this.#abort.signal.aborted) process.exit(EXIT.interrupted)
      this.#abort.abort()
    }
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
    try {
      await work()
      return EXIT.ok
    } catch (error) {
      return this.#report(error)
    } finally {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    }
  }

  #report(thrown: unknown): number {
    const error = withFileCode(thrown, process.cwd())
    const coded = toCodedError(
      error instanceof UsageError ? new AppError('internal', { reason: error.message }) : error,
    )
    const message = error instanceof UsageError ? error.message : describeError(coded, this.locale)
    process.stderr.write(`awb: ${message}\n`)
    if (!(error instanceof AppError) && !(error instanceof UsageError) && process.env.AWB_DEBUG) {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    }
    if (error instanceof UsageError) return EXIT.usage
    const found = error instanceof TaskFailure ? error.result : {}
    if (this.isJson) process.stdout.write(`${JSON.stringify({ ...found, error: { ...coded, message } })}\n`)
    return this.#abort.signal.aborted && coded.code === 'cancelled' ? EXIT.interrupted : EXIT.failed
  }
}
