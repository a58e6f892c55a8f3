import type { JobId } from '../protocol/ids.ts'
import type { JobView, JournalEntry } from '../protocol/jobs.ts'
import type { JobFolder, StoredSpec } from './job-folder.ts'
import { endStates } from './job-states.ts'
import { LineTail } from './line-tail.ts'
import { parseLine } from './parse-line.ts'
import { bootId, isSameBoot } from './platform.ts'

const MAX_LINE_BYTES = 16 * 1024 * 1024

/** Reads the entries of a journal that are complete, each once. */
export class JournalReader {
  readonly #tail: LineTail

  constructor(folder: JobFolder) {
    this.#tail = new LineTail(folder.journal, 0, { maxLineBytes: MAX_LINE_BYTES })
  }

  *entries(): Generator<JournalEntry> {
    for (const { text } of this.#tail.lines()) {
      const line = parseLine<JournalEntry & { cursor: unknown }>(text)
      if (!line) continue
      // The supervisor's own mark is nobody else's business.
      const { cursor: _cursor, ...entry } = line
      yield entry as JournalEntry
    }
  }

  close(): void {
    this.#tail.close()
  }
}

type Folded = Pick<
  JobView,
  'lastEntry' | 'state' | 'startedAt' | 'endedAt' | 'exitCode' | 'signal' | 'error' | 'progress'
>

/** The view of one job, from its files. Remembers how far the journal was read, nothing else. */
export class JobReader {
  readonly folder: JobFolder
  readonly #spec: StoredSpec
  readonly #journal: JournalReader
  #folded: Folded = { lastEntry: 0, state: 'starting' }

  constructor(folder: JobFolder, spec: StoredSpec) {
    this.folder = folder
    this.#spec = spec
    this.#journal = new JournalReader(folder)
  }

  get id(): JobId {
    return this.#spec.id
  }

  get submittedAt(): number {
    return this.#spec.submittedAt
  }

  /** True once the journal holds a final state; then the files do not change any more. */
  hasEnded(): boolean {
    this.#fold()
    return endStates.has(this.#folded.state)
  }

  view(): JobView {
    this.#fold()
    const { id, title, run, labels, submittedAt, bootId: submittedIn } = this.#spec
    return {
      id,
      title,
      ...(run.kind === 'task' ? { task: run.task } : {}),
      labels,
      folder: this.folder.path,
      submittedAt,
      bootId: submittedIn,
      ...this.#folded,
      state: this.#state(),
      outputBytes: this.folder.outputBytes(),
    }
  }

  close(): void {
    this.#journal.close()
  }

  /** After a restart of the host nothing runs, also before a supervisor has written that down. */
  #state(): JobView['state'] {
    const { state } = this.#folded
    if (endStates.has(state) || this.folder.readExit() !== null) return state
    const boot = this.folder.readPid()?.bootId ?? this.#spec.bootId
    return isSameBoot(boot, bootId()) ? state : 'lost'
  }

  #fold(): void {
    if (endStates.has(this.#folded.state)) return
    for (const entry of this.#journal.entries()) this.#apply(entry)
    if (endStates.has(this.#folded.state)) this.#journal.close()
  }

  #apply(entry: JournalEntry): void {
    const next: Folded = { ...this.#folded, lastEntry: entry.n }
    if (entry.kind === 'progress') next.progress = entry.progress
    if (entry.kind === 'error') next.error = entry.error
    if (entry.kind === 'state') {
      next.state = entry.state
      if (entry.state === 'running') next.startedAt = Date.parse(entry.t)
      if (endStates.has(entry.state)) next.endedAt = Date.parse(entry.t)
      if (entry.exitCode !== undefined) next.exitCode = entry.exitCode
      if (entry.signal !== undefined) next.signal = entry.signal
    }
    this.#folded = next
  }
}
