import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LogSink } from './log.ts'

const ROTATE_BYTES = 5 * 1024 * 1024

/** `workbench.log`, one JSON line per event; the one before it is kept as `workbench.log.1`. Readable by the owner only. */
export class LogFile implements LogSink, Disposable {
  readonly path: string
  readonly #rotateBytes: number
  #fd: number | null = null
  #bytes = 0

  constructor(path: string, rotateBytes = ROTATE_BYTES) {
    this.path = path
    this.#rotateBytes = rotateBytes
  }

  write(line: string): void {
    const bytes = Buffer.from(`${line}\n`)
    const fd = this.#open(bytes.length)
    try {
      writeSync(fd, bytes)
      this.#bytes += bytes.length
    } catch (error) {
      // A full disk must not end the program, and there is no other place to tell: the page still has the line.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #open(bytes: number): number {
    if (this.#fd !== null && this.#bytes + bytes > this.#rotateBytes) {
      closeSync(this.#fd)
      renameSync(this.path, `${this.path}.1`)
      this.#fd = null
    }
    if (this.#fd === null) {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
      this.#fd = openSync(this.path, 'a', 0o600)
      this.#bytes = fstatSync(this.#fd).size
    }
    return this.#fd
  }
}
