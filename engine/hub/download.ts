import { mkdir, open, rename, rm, rmdir, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname, join, posix, resolve } from 'node:path'
import { assertRoom, assertVacant, syncFolder, syncFolders } from '../checkpoint/writing/atomic-folder.ts'
import { isMissing, withFileCode } from '../host/fs-errors.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { HubDownloadSpec } from '../protocol/hub-tasks.ts'
import type { TaskContext } from '../tasks/context.ts'
import { version } from '../version.ts'
import { digestFile } from './check-file.ts'
import type { HubClient } from './client.ts'
import { fetchPart, NoRangesError, type PartContext } from './fetch-part.ts'
import { ProgressJournal } from './progress-journal.ts'
import { assertSafePath, type Hub, type HubFile } from './repository.ts'

/** What a file is cut into, so that several connections carry it and a kill costs little. */
const PART_BYTES = 32 * 1024 * 1024
/** Written beside the files: where they are from. */
const SOURCE_FILE = 'awb-source.json'

export interface Downloaded {
  readonly output: string
  readonly commit: string
  readonly files: number
  readonly bytes: number
  /** Files whose checksum the hub does not tell; their sizes were compared. */
  readonly unchecked: number
}

/**
 * Brings the chosen files of a repository into a new folder. They arrive in a hidden sibling that a later run of the same
 * download goes on with; the folder appears when every file has the size and the checksum that the hub names.
 * @throws AppError `hub.*`, `file.exists`, `file.full`, `file.denied`, `cancelled`
 */
export async function downloadRepository(
  spec: HubDownloadSpec,
  hub: Hub,
  client: HubClient,
  context: Pick<TaskContext, 'signal' | 'log' | 'progress'>,
): Promise<Downloaded> {
  const output = resolve(spec.output)
  await assertVacant(output)
  const { commit, files: all } = await hub.list(context.signal)
  for (const { path } of all) assertSafePath(spec.repository, path)
  const files = choose(spec, all)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const place = commit === hub.revision ? hub.revision : `${hub.revision} (${commit.slice(0, 10)})`
  context.log(
    `${spec.repository} at ${place} from ${hub.endpoint}: ${files.length} of ${all.length} files, ${mega(bytes)} MB`,
  )
  const staging = join(dirname(output), `.${basename(output)}.awb-download`)
  try {
    await mkdir(join(staging, 'files'), { recursive: true })
    const journal = await ProgressJournal.open(join(staging, 'progress.ndjson'))
    const transfer = new Transfer({
      spec,
      hub,
      client,
      context,
      commit,
      journal,
      folder: join(staging, 'files'),
      bytes,
    })
    await transfer.take(files, () => assertRoom(dirname(output), bytes - transfer.done, output))
    const unchecked = files.filter(({ digest }) => digest === undefined).length
    await writeFile(join(staging, 'files', SOURCE_FILE), describe(spec, hub, commit, files))
    await syncFolders(join(staging, 'files'))
    // An empty folder may be there; a full one would have been refused.
    await rmdir(output).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
    await rename(join(staging, 'files'), output)
    await syncFolder(dirname(output))
    await rm(staging, { recursive: true })
    return { output, commit, files: files.length, bytes, unchecked }
  } catch (error) {
    if (context.signal.aborted) throw new AppError('cancelled')
    throw withFileCode(error, output)
  }
}

function choose({ include, exclude, repository }: HubDownloadSpec, all: readonly HubFile[]): HubFile[] {
  const fits = (path: string, patterns: readonly string[]): boolean =>
    // A pattern without a folder means files of this name in any folder, as people expect of `*.safetensors`.
    patterns.some((pattern) => posix.matchesGlob(pattern.includes('/') ? path : posix.basename(path), pattern))
  const chosen = all.filter(
    ({ path }) => (include.length === 0 || fits(path, include)) && !fits(path, exclude) && path !== SOURCE_FILE,
  )
  if (chosen.length === 0) throw new AppError('hub.nothingChosen', { repository, count: all.length })
  return chosen
}

const mega = (bytes: number): string => (bytes / 1e6).toFixed(1)

function describe(spec: HubDownloadSpec, hub: Hub, commit: string, files: readonly HubFile[]): string {
  const { kind, repository } = spec
  const source = {
    tool: { name: 'ascend-workbench', version },
    source: { hub: spec.hub, endpoint: hub.endpoint, kind, repository, revision: hub.revision, commit },
    files: Object.fromEntries(
      files.map(({ path, bytes, digest }) => [path, { bytes, [digest?.kind ?? 'sha256']: digest?.hex ?? null }]),
    ),
  }
  return `${JSON.stringify(source, null, 2)}\n`
}

interface TransferOptions {
  readonly spec: HubDownloadSpec
  readonly hub: Hub
  readonly client: HubClient
  readonly context: Pick<TaskContext, 'signal' | 'log' | 'progress'>
  readonly commit: string
  readonly journal: ProgressJournal
  readonly folder: string
  readonly bytes: number
}

/** The files on their way: parts of several at a time, each file checked when its last part is there. */
class Transfer {
  readonly #options: TransferOptions
  /** Ends the other connections when one has failed. */
  readonly #abort = new AbortController()
  readonly #part: PartContext
  done = 0

  constructor(options: TransferOptions) {
    this.#options = options
    const signal = AbortSignal.any([options.context.signal, this.#abort.signal])
    this.#part = { hub: options.spec.hub, signal, advance: (bytes) => this.#advance(bytes) }
  }

  async take(files: readonly HubFile[], assertRoomLeft: () => Promise<void>): Promise<void> {
    const queue: (() => Promise<void>)[] = []
    for (const file of files) {
      await this.#options.journal.begin(file)
      queue.push(...(await this.#jobsOf(file)))
    }
    await assertRoomLeft()
    if (this.done > 0) this.#options.context.log(`${mega(this.done)} MB are here from an earlier try`)
    this.#advance(0)
    const next = async (): Promise<void> => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) await job()
    }
    const lanes = Array.from({ length: this.#options.spec.parallel }, () =>
      next().catch((error: unknown) => {
        this.#abort.abort()
        throw error
      }),
    )
    const results = await Promise.allSettled(lanes)
    const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown)
    // Lanes that were ended because of another one only say that they were.
    const cause = failures.find((error) => !(error instanceof AppError && error.code === 'cancelled'))
    if (failures.length > 0) throw cause ?? failures[0]
  }

  /** What is left to do for a file: its missing parts; whoever brings the last one checks it. */
  async #jobsOf(file: HubFile): Promise<(() => Promise<void>)[]> {
    const { journal, folder } = this.#options
    if (journal.isChecked(file)) {
      this.done += file.bytes
      return []
    }
    const path = join(folder, file.path)
    await mkdir(dirname(path), { recursive: true })
    await (await open(path, 'a')).close()
    await truncate(path, file.bytes)
    const parts = partsOf(file).filter(({ from, to }) => {
      const isHere = journal.hasPart(file, from, to)
      if (isHere) this.done += to - from
      return !isHere
    })
    if (parts.length === 0) return [() => this.#check(file, path)]
    let missing = parts.length
    let isRangeless = false
    return parts.map(({ from, to }) => async () => {
      try {
        if (!isRangeless) await this.#fetch(file, path, from, to)
      } catch (error) {
        if (!(error instanceof NoRangesError)) throw error
        isRangeless = true
      }
      missing--
      if (missing > 0) return
      if (isRangeless) await this.#fetchWhole(file, path)
      await this.#check(file, path)
    })
  }

  async #fetch(file: HubFile, path: string, from: number, to: number): Promise<void> {
    const { client, hub, commit, journal } = this.#options
    const handle = await open(path, 'r+')
    try {
      await fetchPart(
        client,
        { url: hub.fileUrl(commit, file.path), from, to, bytes: file.bytes, file: path },
        handle,
        this.#part,
      )
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await journal.part(file, from, to)
  }

  async #fetchWhole(file: HubFile, path: string): Promise<void> {
    const { journal } = this.#options
    for (const { from, to } of partsOf(file)) if (journal.hasPart(file, from, to)) this.#advance(from - to)
    await journal.restart(file)
    await this.#fetch(file, path, 0, file.bytes)
  }

  async #check(file: HubFile, path: string): Promise<void> {
    const { journal, context, spec } = this.#options
    if (file.digest !== undefined && (await digestFile(path, file, this.#part.signal)) !== file.digest.hex) {
      context.log(`warning: ${file.path} arrived damaged and is downloaded once more`)
      await journal.restart(file)
      this.#advance(-file.bytes)
      await this.#fetch(file, path, 0, file.bytes)
      if ((await digestFile(path, file, this.#part.signal)) !== file.digest.hex) {
        // The next try is not to trust what arrived now.
        await journal.restart(file)
        const { hex: expected } = file.digest
        throw new AppError('hub.damaged', { file: file.path, repository: spec.repository, expected })
      }
    }
    await journal.checked(file)
  }

  #advance(bytes: number): void {
    this.done += bytes
    this.#options.context.progress({ done: this.done, total: this.#options.bytes, unit: 'bytes' })
  }
}

function partsOf({ bytes }: HubFile): { from: number; to: number }[] {
  const count = Math.max(1, Math.ceil(bytes / PART_BYTES))
  return Array.from({ length: count }, (_, index) => ({
    from: index * PART_BYTES,
    to: Math.min(bytes, (index + 1) * PART_BYTES),
  }))
}
