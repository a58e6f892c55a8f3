import { constants } from 'node:os'
import { existsSync } from 'node:fs'
import type { ChildProcess } from 'node:child_process'
import { createFileAtomic, writeFileAtomic } from '../host/atomic-file.ts'
import { AppError, toCodedError } from '../protocol/errors/index.ts'
import type { JobState } from '../protocol/jobs.ts'
import { FolderChanges } from './folder-changes.ts'
import type { JobFolder, StoredSpec } from './job-folder.ts'
import { JournalFeed } from './journal-feed.ts'
import { JournalWriter } from './journal-writer.ts'
import { launch } from './launcher.ts'
import { bootId, isGroupAlive, isSameBoot, processesMarked, signalGroup, signalProcess } from './platform.ts'
import { isAlive, type ProcessStamp } from './process-stamp.ts'
import { takeSupervision } from './supervision.ts'

/** How often the job's process is looked at when nothing changes in its folder. */
const LOOK_MS = 1000
/** What a job leaves behind in its group when it ends by itself gets TERM, then this long, then KILL. */
const LEFTOVER_GRACE_MS = 5000
/** A process that hangs in a driver does not even heed KILL; after this long the job counts as ended all the same. */
const STUCK_MS = 30_000
/** A launcher that was just started needs a moment to write its `pid`. */
const CLAIM_MS = 10_000
const KILLED = 128 + constants.signals.SIGKILL

interface End {
  state: JobState
  /** Null when nobody knows. */
  code: number | null
  error?: AppError
}

/**
 * Watches one job until it has ended: numbers its journal, stops it when asked to, decides its final state. Everything
 * it knows is in the folder, so that after its death another one goes on. Returns at once when another one is at work.
 */
export async function supervise(folder: JobFolder): Promise<void> {
  const spec = folder.readSpec()
  if (!spec || !takeSupervision(folder)) return
  const journal = new JournalWriter(folder.journal)
  using changes = new FolderChanges(folder.path)
  const supervisor = new Supervisor(folder, spec, journal, changes)
  if (!journal.hasEnded) await supervisor.run()
  journal.close()
}

class Supervisor {
  readonly #folder: JobFolder
  readonly #spec: StoredSpec
  readonly #journal: JournalWriter
  readonly #feed: JournalFeed
  readonly #changes: FolderChanges
  /** The launcher, where this supervisor has started it; null where it goes on after another one. */
  #child: ChildProcess | null = null
  #isChildGone = false
  #claimBy = Date.now() + CLAIM_MS
  #stopBy: number | null = null
  #wasKilled = false

  constructor(folder: JobFolder, spec: StoredSpec, journal: JournalWriter, changes: FolderChanges) {
    this.#folder = folder
    this.#spec = spec
    this.#journal = journal
    this.#changes = changes
    this.#feed = new JournalFeed(folder, spec, journal)
  }

  async run(): Promise<void> {
    if (this.#journal.state === null) this.#journal.append({ kind: 'state', state: 'starting' })
    let end = this.#start()
    while (!end) {
      this.#noteRunning()
      this.#feed.pump()
      end = this.#findEnd()
      if (end) break
      this.#heedStop()
      const untilKill = this.#stopBy === null || this.#wasKilled ? LOOK_MS : this.#stopBy - Date.now()
      await this.#changes.wait(Math.max(0, Math.min(LOOK_MS, untilKill)))
      // Removed by hand: there is nothing left to write to.
      if (!existsSync(this.#folder.spec)) return
    }
    await this.#finish(end)
  }

  /** Launches the job unless that has happened already; an end when that is impossible. */
  #start(): End | null {
    if (this.#folder.hasPid()) return null
    if (!isSameBoot(this.#spec.bootId, bootId())) return lost()
    // From here on no launcher of a dead supervisor can begin either: `pid` is taken.
    if (this.#folder.readStop() && createFileAtomic(this.#folder.pid, '')) return { state: 'stopped', code: null }
    try {
      this.#child = launch(this.#folder, this.#spec)
    } catch (error) {
      return { state: 'failed', code: null, error: this.#notStarted(error) }
    }
    this.#child.once('exit', () => {
      this.#isChildGone = true
      this.#changes.nudge()
    })
    this.#child.once('error', () => {
      this.#isChildGone = true
      this.#changes.nudge()
    })
    return null
  }

  #notStarted(error: unknown): AppError {
    if (error instanceof AppError) return error
    const reason = error instanceof Error ? error.message : String(error)
    return new AppError('job.notStarted', { reason, path: this.#folder.path }, { cause: error })
  }

  #findEnd(): End | null {
    const stamp = this.#folder.readPid()
    // Asked before the exit file is read: who is gone now has written it before.
    const isGone = stamp ? !isAlive(stamp) : this.#isChildGone || Date.now() > this.#claimBy
    const code = this.#folder.readExit()
    this.#noteRunning()
    if (code !== null) return this.#ended(code)
    if (!isGone) return null
    if (!stamp) return this.#neverBegan()
    const isKnown = this.#journal.state === 'stopping' || this.#child?.pid === stamp.pid
    return isKnown && isSameBoot(stamp.bootId, bootId()) ? this.#ended(KILLED) : lost()
  }

  #neverBegan(): End {
    if (!isSameBoot(this.#spec.bootId, bootId())) return lost()
    if (this.#folder.readStop()) return { state: 'stopped', code: null }
    return { state: 'failed', code: null, error: this.#notStarted(new Error('no process was started')) }
  }

  #noteRunning(): void {
    if (this.#journal.state !== 'starting' || !this.#folder.readPid()) return
    this.#journal.append({ kind: 'state', state: 'running' })
  }

  #ended(code: number): End {
    if (this.#journal.state === 'stopping') return { state: 'stopped', code }
    if (code === 0) return { state: 'succeeded', code }
    const signal = signalOf(code)
    const error = signal ? new AppError('job.killed', { signal }) : new AppError('job.exited', { code })
    return { state: 'failed', code, error }
  }

  /** TERM to the whole group on request, KILL after the grace. A repeated request may only shorten the grace. */
  #heedStop(): void {
    const request = this.#folder.readStop()
    const stamp = this.#folder.readPid()
    if (!request || !stamp) return
    if (this.#stopBy === null) {
      if (this.#journal.state !== 'stopping') this.#journal.append({ kind: 'state', state: 'stopping' })
      this.#signalAll(stamp, 'SIGTERM')
    }
    this.#stopBy = request.at + request.graceMs
    if (Date.now() < this.#stopBy || this.#wasKilled) return
    this.#signalAll(stamp, 'SIGKILL')
    this.#wasKilled = true
  }

  #signalAll(stamp: ProcessStamp, signal: NodeJS.Signals): void {
    const outside = this.#outsideGroup(stamp)
    signalGroup(stamp.pid, signal)
    for (const pid of outside) signalProcess(pid, signal)
  }

  /** Processes of the job that left its group. On a stop they end too; else they may be meant to stay (a service). */
  #outsideGroup(stamp: ProcessStamp): number[] {
    if (this.#journal.state !== 'stopping') return []
    return processesMarked(`AWB_JOB_FOLDER=${Buffer.from(this.#folder.path).toString('latin1')}`, stamp.pid)
  }

  async #finish(end: End): Promise<void> {
    const stamp = this.#folder.readPid()
    if (stamp && isSameBoot(stamp.bootId, bootId())) await this.#sweep(stamp)
    this.#feed.pump()
    await this.#unblock(() => {
      if (end.code !== null && this.#folder.readExit() === null) writeFileAtomic(this.#folder.exit, `${end.code}\n`)
    })
    this.#feed.close()
    if (end.error && !this.#journal.hasError) {
      this.#journal.append({ kind: 'error', error: toCodedError(end.error) })
    }
    this.#journal.append({
      kind: 'state',
      state: end.state,
      exitCode: end.code,
      signal: end.code === null ? null : signalOf(end.code),
    })
    await this.#unblock(() => undefined)
  }

  /**
   * Ends what is left of the job. The number of a group stays reserved while it has members, but may be given again
   * once it is empty: hence the look for members before each signal.
   */
  async #sweep(stamp: ProcessStamp): Promise<void> {
    const isLeft = () => isGroupAlive(stamp.pid) || this.#outsideGroup(stamp).length > 0
    if (!isLeft()) return
    const killAt = this.#stopBy ?? Date.now() + LEFTOVER_GRACE_MS
    if (this.#stopBy === null) this.#signalAll(stamp, 'SIGTERM')
    while (isLeft() && Date.now() < killAt + STUCK_MS) {
      this.#feed.pump()
      if (Date.now() >= killAt) this.#signalAll(stamp, 'SIGKILL')
      await sleep(50)
    }
  }

  /** Repeats until the disk has space for what is to be written. */
  async #unblock(write: () => void): Promise<void> {
    for (;;) {
      try {
        write()
        if (this.#journal.flush() && this.#feed.pump()) return
      } catch (error) {
        if (!(error instanceof AppError && error.code === 'file.full')) throw error
      }
      await sleep(LOOK_MS)
      if (!existsSync(this.#folder.spec)) return
    }
  }
}

const lost = (): End => ({ state: 'lost', code: null, error: new AppError('job.lost') })

/** Name of the signal in an exit status of a shell, or null. */
function signalOf(code: number): string | null {
  const entry = Object.entries(constants.signals).find(([, number]) => number === code - 128)
  return code > 128 && entry ? entry[0] : null
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
