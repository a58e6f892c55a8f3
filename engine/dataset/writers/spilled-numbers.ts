import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs'

/** Numbers held in memory before they go to the file: 256 KiB. */
const BLOCK_ENTRIES = 64 * 1024
const NUMBER_BYTES = 4

/**
 * A growing list of int32 numbers in bounded memory: all but the last block lie in a file of its own, which is made
 * when the first block is full, and removed in the end.
 */
export class SpilledNumbers {
  readonly #file: string
  readonly #block = new Int32Array(BLOCK_ENTRIES)
  #used = 0
  #spilled = 0
  #descriptor: number | null = null

  constructor(file: string) {
    this.#file = file
  }

  get length(): number {
    return this.#spilled + this.#used
  }

  push(value: number): void {
    this.#block[this.#used++] = value
    if (this.#used === BLOCK_ENTRIES) this.#spill()
  }

  /** The numbers in order, in views that are valid until the next one. */
  *blocks(): Generator<Int32Array, void, undefined> {
    const block = new Int32Array(BLOCK_ENTRIES)
    const bytes = new Uint8Array(block.buffer)
    for (let from = 0; from < this.#spilled; from += BLOCK_ENTRIES) {
      readAll(this.#descriptor ?? -1, bytes, from * NUMBER_BYTES)
      yield block
    }
    yield this.#block.subarray(0, this.#used)
  }

  /** Removes the file. */
  close(): void {
    if (this.#descriptor === null) return
    closeSync(this.#descriptor)
    this.#descriptor = null
    rmSync(this.#file, { force: true })
  }

  /** Rarely enough, and small enough, to be written at once. */
  #spill(): void {
    this.#descriptor ??= openSync(this.#file, 'wx+')
    const bytes = new Uint8Array(this.#block.buffer)
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, this.#spilled * NUMBER_BYTES + done)
    }
    this.#spilled += BLOCK_ENTRIES
    this.#used = 0
  }
}

function readAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    const count = readSync(descriptor, bytes, done, bytes.length - done, position + done)
    if (count === 0) throw new RangeError('the file of numbers was cut by someone else')
    done += count
  }
}
