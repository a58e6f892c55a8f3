import { link, mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { asFileError, errnoOf, isMissing } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'

const MARKER = 'moving.json'
/** Folder of the files that gave way to the new ones, until all of these are in their place. */
const REPLACED = 'replaced'

export interface StagingOptions {
  /** Older files of these names give way when the new ones are complete, those that have no successor too. */
  readonly overwrites?: boolean
}

/**
 * Several output files that appear together or not at all. They are written into a hidden folder beside their place,
 * and moved when all are complete and on the disk. A marker written before the first move lets the next run undo a
 * move that a kill interrupted.
 */
export class StagedFiles {
  readonly folder: string
  readonly #target: string
  readonly #names: readonly string[]
  readonly #overwrites: boolean

  private constructor(target: string, folder: string, names: readonly string[], overwrites: boolean) {
    this.#target = target
    this.folder = folder
    this.#names = names
    this.#overwrites = overwrites
  }

  /**
   * Starts a set for the files of a prefix, after clearing what a dead process left of an earlier one.
   * @param names final file names; all must be free, unless they are overwritten
   * @throws file.exists, file.denied, file.full
   */
  static async create(
    prefix: string,
    names: readonly string[],
    { overwrites = false }: StagingOptions = {},
  ): Promise<StagedFiles> {
    const target = path.dirname(path.resolve(prefix))
    const stem = `.${path.basename(prefix)}.awb-partial-`
    try {
      await mkdir(target, { recursive: true })
      await clearAbandoned(target, stem)
      for (const name of overwrites ? [] : names) {
        const file = path.join(target, name)
        if (await exists(file)) throw new AppError('file.exists', { path: file })
      }
      const folder = path.join(target, `${stem}${hostname()}-${process.pid}`)
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder)
      return new StagedFiles(target, folder, names, overwrites)
    } catch (error) {
      throw asFileError(error, target)
    }
  }

  /** Where to write a file until it is moved. */
  path(name: string): string {
    return path.join(this.folder, name)
  }

  /** Writes a small file into the set. */
  async write(name: string, content: string): Promise<void> {
    await writeSynced(this.path(name), content)
  }

  /** Moves all files into place. They must be on the disk already. @throws file.exists, file.full, file.denied */
  async commit(): Promise<void> {
    const names = await readdir(this.folder)
    if (this.#overwrites) await mkdir(this.path(REPLACED))
    await writeSynced(this.path(MARKER), JSON.stringify(names))
    const moved: string[] = []
    try {
      if (this.#overwrites) await this.#setAside()
      for (const name of names) {
        const file = path.join(this.#target, name)
        if (!this.#overwrites && (await exists(file))) throw new AppError('file.exists', { path: file })
        await rename(this.path(name), file)
        moved.push(name)
      }
      await syncFolder(this.#target)
    } catch (error) {
      for (const name of moved) await rm(path.join(this.#target, name), { force: true })
      await putBack(this.path(REPLACED), this.#target, moved)
      throw error
    }
    await this.discard()
  }

  /** Keeps the older files until the move is complete; those with a successor stay where they are as well. */
  async #setAside(): Promise<void> {
    const coming = new Set(await readdir(this.folder))
    for (const name of this.#names) {
      const file = path.join(this.#target, name)
      const kept = path.join(this.path(REPLACED), name)
      if (!(await exists(file))) continue
      // A folder of that name is no older file of ours.
      if (!(await stat(file)).isFile()) throw new AppError('file.exists', { path: file })
      if (coming.has(name)) await linkOrMove(file, kept)
      else await rename(file, kept)
    }
  }

  async discard(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Removes staging folders of processes of this machine that are gone, and what they had moved already. */
async function clearAbandoned(target: string, stem: string): Promise<void> {
  const own = `${stem}${hostname()}-`
  for (const name of await readdir(target)) {
    if (!name.startsWith(own)) continue
    const pid = Number(name.slice(own.length))
    if (!Number.isInteger(pid) || (pid !== process.pid && isAlive(pid))) continue
    const folder = path.join(target, name)
    const left = new Set(await readdir(folder))
    const listed = await readMarker(path.join(folder, MARKER))
    // What is no longer in the folder was moved. When that is everything, the move was complete and stays.
    const isComplete = listed.every((file) => !left.has(file))
    const moved = isComplete ? [] : listed.filter((file) => !left.has(file)).map((file) => path.basename(file))
    for (const file of moved) await rm(path.join(target, file), { force: true })
    if (!isComplete) await putBack(path.join(folder, REPLACED), target, moved)
    await rm(folder, { recursive: true, force: true })
  }
}

/** Brings back the older files that are gone or were replaced. */
async function putBack(replaced: string, target: string, moved: readonly string[]): Promise<void> {
  for (const name of (await exists(replaced)) ? await readdir(replaced) : []) {
    const file = path.join(target, name)
    if (moved.includes(name) || !(await exists(file))) await rename(path.join(replaced, name), file)
  }
}

/** A second name for a file, so that it is never missing; where a file system has no such names, the only one. */
async function linkOrMove(file: string, kept: string): Promise<void> {
  try {
    await link(file, kept)
  } catch {
    await rename(file, kept)
  }
}

async function readMarker(file: string): Promise<string[]> {
  try {
    const names: unknown = JSON.parse(await readFile(file, 'utf8'))
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
  } catch (error) {
    // A marker that was cut off was never followed by a move.
    if (isMissing(error) || error instanceof SyntaxError) return []
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

async function writeSynced(file: string, content: string): Promise<void> {
  const handle = await open(file, 'w')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    // Windows and some network file systems do not sync folders; the files themselves are on the disk.
    if (!['EINVAL', 'EISDIR', 'EPERM', 'EACCES'].includes(errnoOf(error) ?? '')) throw error
  }
}
