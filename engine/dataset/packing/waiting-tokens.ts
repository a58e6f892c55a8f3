import { closeSync, openSync, readSync } from 'node:fs'
import { AppError } from '../../protocol/errors/index.ts'

const TOKEN_BYTES = 4
/** The place in the file is known of every so many samples; what is between is added up. */
const STRIDE = 64

/**
 * Samples that wait in a file of tokens, taken from it in any order. Reading is not put off to another thread: that
 * takes ten times as long as reading a sample, which lies in the page cache.
 */
export class WaitingTokens {
  readonly #file: string
  readonly #descriptor: number
  readonly #lengths: Int32Array
  readonly #starts: Float64Array

  /** @param lengths of the samples in tokens, in the order of the file */
  constructor(file: string, lengths: Int32Array) {
    this.#file = file
    this.#lengths = lengths
    this.#starts = new Float64Array(Math.ceil(lengths.length / STRIDE))
    let start = 0
    for (const [sample, length] of lengths.entries()) {
      if (sample % STRIDE === 0) this.#starts[sample / STRIDE] = start
      start += length
    }
    this.#descriptor = openSync(file, 'r')
  }

  /** Copies a sample to a place in a list; returns its length. @throws dataset.indexInvalid when the file was cut */
  readInto(target: Int32Array, at: number, sample: number): number {
    const first = sample - (sample % STRIDE)
    let start = this.#starts[first / STRIDE] ?? 0
    for (let before = first; before < sample; before++) start += this.#lengths[before] ?? 0
    const length = this.#lengths[sample] ?? 0
    const bytes = new Uint8Array(target.buffer, target.byteOffset + at * TOKEN_BYTES, length * TOKEN_BYTES)
    for (let done = 0; done < bytes.length;) {
      const count = readSync(this.#descriptor, bytes, done, bytes.length - done, start * TOKEN_BYTES + done)
      if (count === 0) {
        throw new AppError('dataset.indexInvalid', { file: this.#file, reason: `it ends before sample ${sample}` })
      }
      done += count
    }
    return length
  }

  close(): void {
    closeSync(this.#descriptor)
  }
}
