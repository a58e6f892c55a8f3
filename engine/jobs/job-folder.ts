import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isMissing } from '../host/fs-errors.ts'
import type { JobSpec } from '../protocol/jobs.ts'
import { parseLine } from './parse-line.ts'
import { parsePidFile, type ProcessStamp } from './process-stamp.ts'

/** `spec.json`: what was submitted, when, and in which boot of the host. It is written last: with it the job exists. */
export interface StoredSpec extends JobSpec {
  submittedAt: number
  bootId: string
}

/** `stop.json`: somebody wants the job to end. */
export interface StopRequest {
  at: number
  graceMs: number
}

/**
 * The files of one job. Everybody reads; each file has one writer at a time: the engine the spec and the stop request,
 * the job its output, events, pid and exit, the supervisor the journal.
 */
export class JobFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  readonly file = (name: string): string => join(this.path, name)

  get spec(): string {
    return this.file('spec.json')
  }
  get script(): string {
    return this.file('script.sh')
  }
  get output(): string {
    return this.file('output.log')
  }
  /** What a task tells, one JSON per line, not numbered; the supervisor numbers it into the journal. */
  get events(): string {
    return this.file('events.ndjson')
  }
  get journal(): string {
    return this.file('journal.ndjson')
  }
  get pid(): string {
    return this.file('pid')
  }
  get exit(): string {
    return this.file('exit')
  }
  get stop(): string {
    return this.file('stop.json')
  }
  /** What a task returned, for programs. */
  get result(): string {
    return this.file('result.json')
  }
  get supervisorLog(): string {
    return this.file('supervisor.log')
  }

  readSpec(): StoredSpec | null {
    const text = read(this.spec)
    return text === null ? null : parseLine<StoredSpec>(text)
  }

  readStop(): StopRequest | null {
    const text = read(this.stop)
    return text === null ? null : parseLine<StopRequest>(text)
  }

  /** Null while the job has not been launched. */
  readPid(): ProcessStamp | null {
    const text = read(this.pid)
    return text === null ? null : parsePidFile(text)
  }

  hasPid(): boolean {
    return sizeOf(this.pid) !== null
  }

  /** The status as shells count it: above 128 it is 128 and the signal. Null while there is none. */
  readExit(): number | null {
    const text = read(this.exit)
    return text !== null && /^\d+\n$/.test(text) ? Number(text) : null
  }

  outputBytes(): number {
    return sizeOf(this.output) ?? 0
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** Size in bytes, or null when the file is not there. */
export const sizeOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.size ?? null
