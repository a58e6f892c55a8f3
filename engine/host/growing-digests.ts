import { createHash, type Hash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expandPath } from './dirs.ts'
import { asFileError } from './fs-errors.ts'

const PIECE_BYTES = 1 << 20
const POLL_MS = 50
/** The disk gets to work long before the end, so that the end need not wait for it. */
const SYNC_BYTES = 64 * PIECE_BYTES

interface Growing {
  readonly hash: Hash
  at: number
  isWanted: boolean
  readonly ended: Promise<void>
}

/** Digests of files that are still arriving: of what is sure to be there, so that little is left to be read at the end. */
export class GrowingDigests {
  readonly #byPart = new Map<string, Growing>()

  /**
   * Follows a file until it is asked for, or until the signal is aborted. The last `unsettledBytes` of what is there may
   * have gaps and are not looked at.
   * @throws AppError `file.missing`, `file.denied`
   */
  async follow(part: string, unsettledBytes: number, signal: AbortSignal): Promise<void> {
    const path = expandPath(part)
    const ended = Promise.withResolvers<undefined>()
    const growing: Growing = { hash: createHash('sha256'), at: 0, isWanted: false, ended: ended.promise }
    try {
      await using file = await open(path, 'r')
      this.#byPart.set(path, growing)
      await read(file, growing, unsettledBytes, signal)
    } catch (error) {
      this.#byPart.delete(path)
      throw asFileError(error, path)
    } finally {
      if (signal.aborted) this.#byPart.delete(path)
      ended.resolve(undefined)
    }
  }

  /** How far a file that is open was followed, and the hash up to there. It ends. Undefined where nobody did. */
  async take(part: string): Promise<{ readonly hash: Hash; readonly at: number } | undefined> {
    const path = expandPath(part)
    const growing = this.#byPart.get(path)
    if (growing === undefined) return undefined
    growing.isWanted = true
    await growing.ended
    this.#byPart.delete(path)
    return growing
  }
}

async function read(file: FileHandle, growing: Growing, unsettledBytes: number, signal: AbortSignal): Promise<void> {
  const buffer = Buffer.allocUnsafe(PIECE_BYTES)
  const isOver = () => growing.isWanted || signal.aborted
  let unsynced = 0
  while (!isOver()) {
    const to = (await file.stat()).size - unsettledBytes
    if (to <= growing.at) await sleep(POLL_MS)
    while (growing.at < to && !isOver()) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(PIECE_BYTES, to - growing.at), growing.at)
      if (bytesRead === 0) return
      growing.hash.update(buffer.subarray(0, bytesRead))
      growing.at += bytesRead
      unsynced += bytesRead
    }
    if (unsynced >= SYNC_BYTES) {
      unsynced = 0
      await file.datasync()
    }
  }
}
