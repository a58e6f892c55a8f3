import { mkdir, open, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '#engine/protocol/errors/index.ts'

/** Names of stages are made here; anything else would be a path. */
const STAGE = /^[\w-]+$/

/**
 * Files that the page has brought piece by piece, until they have been sent. What an earlier run left is deleted, but for
 * what transfers still need.
 */
export class Staging {
  readonly #folder: string
  readonly #randomId: () => string
  readonly #kept = new Set<string>()
  #isClean: Promise<void> | null = null

  constructor(folder: string, randomId: () => string) {
    this.#folder = folder
    this.#randomId = randomId
  }

  /** To be called before anything is put. */
  keep(stages: Iterable<string>): void {
    for (const stage of stages) this.#kept.add(stage)
  }

  /**
   * Adds a piece (base64) to a file; the first one makes it. Pieces of a file come in order.
   * @throws AppError `transfer.stagePath`, `input.invalid` (a gap)
   */
  async put(stage: string | undefined, path: string, offset: number, data: string): Promise<string> {
    await (this.#isClean ??= this.#clean())
    const id = stage ?? this.#randomId()
    const parts = path.split('/')
    const isSafe = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\0]/.test(part))
    if (!isSafe) throw new AppError('transfer.stagePath', { path })
    const full = join(this.#of(id), ...parts)
    await mkdir(dirname(full), { recursive: true, mode: 0o700 })
    await using file = await open(full, offset === 0 ? 'w' : 'r+', 0o600)
    const { size } = await file.stat()
    if (size !== offset) {
      throw new AppError('input.invalid', { subject: path, reason: `a piece at ${offset} of ${size} bytes` })
    }
    const bytes = Buffer.from(data, 'base64')
    for (let done = 0; done < bytes.length;) {
      done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
    }
    return id
  }

  /** Paths of the files and folders at the top of a stage. */
  async tops(stage: string): Promise<string[]> {
    const folder = this.#of(stage)
    const names = await readdir(folder).catch(() => [])
    return names.sort().map((name) => join(folder, name))
  }

  async remove(stage: string): Promise<void> {
    await rm(this.#of(stage), { recursive: true, force: true })
  }

  async #clean(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    for (const name of names.filter((one) => !this.#kept.has(one))) {
      await rm(join(this.#folder, name), { recursive: true, force: true })
    }
  }

  #of(stage: string): string {
    if (!STAGE.test(stage)) throw new AppError('transfer.stagePath', { path: stage })
    return join(this.#folder, stage)
  }
}
