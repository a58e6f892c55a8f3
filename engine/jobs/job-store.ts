import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { createFileAtomic, writeFileAtomic } from '../host/atomic-file.ts'
import { expandPath } from '../host/dirs.ts'
import { asFileError } from '../host/fs-errors.ts'
import { AppError } from '../protocol/errors/index.ts'
import { JobId } from '../protocol/ids.ts'
import type { JobSpec, JobView } from '../protocol/jobs.ts'
import { taskSpecs } from '../protocol/tasks.ts'
import { engineCommand } from './engine-command.ts'
import { FolderChanges } from './folder-changes.ts'
import { JobFolder, sizeOf, type StoredSpec, type StopRequest } from './job-folder.ts'
import { JobReader } from './job-reader.ts'
import { bootId } from './platform.ts'
import { isSupervised } from './supervision.ts'

const LOOK_MS = 1000
/** Least time between two supervisors of a job: the first needs a moment to show up, and one may fail at once. */
const SUPERVISOR_PAUSE_MS = 5000

/** The jobs of this host, one folder each. Holds nothing that is not on disk but how far it has read. */
export class JobStore {
  readonly root: string
  readonly #readers = new Map<JobId, JobReader>()
  readonly #supervisorsStarted = new Map<JobId, number>()

  constructor(root: string) {
    this.root = root
    mkdirSync(root, { recursive: true, mode: 0o700 })
  }

  /** Writes the job down and starts it, unless a job of this id is there already. */
  submit(spec: JobSpec): JobView {
    const folder = this.#folder(spec.id)
    if (sizeOf(folder.spec) === null) this.#create(folder, checked(spec))
    this.ensureSupervised(spec.id)
    return this.get(spec.id)
  }

  #create(folder: JobFolder, spec: JobSpec): void {
    const stored: StoredSpec = { ...spec, submittedAt: Date.now(), bootId: bootId() }
    try {
      mkdirSync(folder.path, { recursive: true, mode: 0o700 })
      for (const file of spec.files) writeFileAtomic(expandPath(file.path), file.content)
      if (spec.run.kind === 'script') writeFileAtomic(folder.script, spec.run.script, 0o700)
      createFileAtomic(folder.spec, `${JSON.stringify(stored, null, 2)}\n`, 0o600)
    } catch (error) {
      if (sizeOf(folder.spec) === null) rmSync(folder.path, { recursive: true, force: true })
      throw asFileError(error, folder.path)
    }
  }

  get(id: JobId): JobView {
    return this.reader(id).view()
  }

  /** Newest first. */
  list(): JobView[] {
    const views = this.ids().flatMap((id) => this.find(id)?.view() ?? [])
    return views.sort((a, b) => b.submittedAt - a.submittedAt)
  }

  ids(): JobId[] {
    return readdirSync(this.root).flatMap((name) => {
      const id = JobId.safeParse(name)
      return id.success && sizeOf(join(this.root, name, 'spec.json')) !== null ? [id.data] : []
    })
  }

  reader(id: JobId): JobReader {
    const reader = this.find(id)
    if (!reader) throw new AppError('job.missing', { id })
    return reader
  }

  /** Asks the supervisor to stop the job and waits for its end. Aborting the signal ends the waiting only. */
  async stop(id: JobId, graceMs: number, signal: AbortSignal): Promise<JobView> {
    const reader = this.reader(id)
    using changes = new FolderChanges(reader.folder.path)
    if (!reader.hasEnded()) this.#requestStop(reader.folder, graceMs)
    while (!reader.hasEnded()) {
      this.ensureSupervised(id)
      await changes.wait(LOOK_MS, signal)
      if (signal.aborted) throw new AppError('cancelled')
      if (sizeOf(reader.folder.spec) === null) throw new AppError('job.missing', { id })
    }
    return reader.view()
  }

  /** Of several requests the one that ends earliest holds. */
  #requestStop(folder: JobFolder, graceMs: number): void {
    const request: StopRequest = { at: Date.now(), graceMs }
    const earlier = folder.readStop()
    if (earlier && earlier.at + earlier.graceMs <= request.at + graceMs) return
    writeFileAtomic(folder.stop, `${JSON.stringify(request)}\n`)
  }

  remove(id: JobId): void {
    const reader = this.reader(id)
    if (!reader.hasEnded()) throw new AppError('job.running', { id })
    reader.close()
    this.#readers.delete(id)
    // Renamed first: half a folder never looks like a job. The leading dot is not allowed in ids.
    const trash = join(this.root, `.removed-${id}`)
    rmSync(trash, { recursive: true, force: true })
    renameSync(reader.folder.path, trash)
    rmSync(trash, { recursive: true, force: true })
  }

  /** Starts a supervisor for every job that goes on without one. */
  adoptAll(): void {
    for (const id of this.ids()) this.ensureSupervised(id)
  }

  /** Starts a supervisor unless one is at work or none is needed. Its lock settles what two engines do at once. */
  ensureSupervised(id: JobId): void {
    const reader = this.find(id)
    if (!reader || reader.hasEnded()) return
    if (Date.now() - (this.#supervisorsStarted.get(id) ?? 0) < SUPERVISOR_PAUSE_MS) return
    if (isSupervised(reader.folder)) return
    this.#supervisorsStarted.set(id, Date.now())
    const log = openLog(reader.folder)
    try {
      const [program, ...args] = engineCommand('supervise', reader.folder.path)
      const options = { cwd: this.root, detached: true, windowsHide: true }
      const child = spawn(program, args, { ...options, stdio: ['ignore', log, log] })
      // Tried again by the next look; what went wrong once (too many processes) may be over then.
      child.on('error', () => undefined)
      child.on('exit', (_code, signal) => {
        // Killed from outside: the job goes on, so somebody has to watch it at once.
        if (signal === null) return
        this.#supervisorsStarted.delete(id)
        this.ensureSupervised(id)
      })
      child.unref()
    } finally {
      if (log !== 'ignore') closeSync(log)
    }
  }

  #folder(id: JobId): JobFolder {
    return new JobFolder(join(this.root, id))
  }

  /** Null for a job that is not there, or not any more. */
  find(id: JobId): JobReader | null {
    const folder = this.#folder(id)
    const isThere = sizeOf(folder.spec) !== null
    const known = this.#readers.get(id)
    if (known && isThere) return known
    known?.close()
    this.#readers.delete(id)
    const spec = isThere ? folder.readSpec() : null
    if (!spec) return null
    const reader = new JobReader(folder, spec)
    this.#readers.set(id, reader)
    return reader
  }
}

/** The spec with its task's own spec parsed; what does not fit is refused before anything is written. */
function checked(spec: JobSpec): JobSpec {
  const relative = spec.files.find(({ path }) => !isAbsolute(path) && !path.startsWith('~/'))
  if (relative) throw new AppError('input.invalid', { subject: relative.path, reason: 'the path must be absolute' })
  if (spec.run.kind === 'script') return spec
  const parsed = taskSpecs[spec.run.task].safeParse(spec.run.spec)
  if (parsed.success) return { ...spec, run: { ...spec.run, spec: parsed.data } }
  const issue = parsed.error.issues[0]
  const reason = issue ? `${issue.path.join('.') || 'spec'}: ${issue.message}` : 'unreadable'
  throw new AppError('input.invalid', { subject: spec.run.task, reason })
}

/** What a supervisor prints is about its own defects; it works without a place for that. */
function openLog(folder: JobFolder): number | 'ignore' {
  try {
    return openSync(folder.supervisorLog, 'a', 0o600)
  } catch {
    return 'ignore'
  }
}
