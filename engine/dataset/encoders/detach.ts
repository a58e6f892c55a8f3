import type { EncodedBlock } from './encoded-block.ts'

/** Buffers in reserve; more than these are given up. */
const MOST_SPARE = 8

/** Buffers to use again: a large one that is made anew each time costs more than what is written into it. */
export class SpareBuffers {
  #buffers: ArrayBuffer[] = []

  add(buffers: Iterable<ArrayBuffer>): void {
    for (const buffer of buffers) if (buffer.byteLength > 0) this.#buffers.push(buffer)
    if (this.#buffers.length > MOST_SPARE) {
      this.#buffers = this.#buffers.sort((a, b) => b.byteLength - a.byteLength).slice(0, MOST_SPARE)
    }
  }

  /** A copy of the numbers in the smallest buffer that has the room. */
  copy(numbers: Int32Array): Int32Array<ArrayBuffer> {
    let best = -1
    for (const [i, { byteLength }] of this.#buffers.entries()) {
      if (byteLength < numbers.byteLength) continue
      if (best < 0 || byteLength < (this.#buffers[best]?.byteLength ?? 0)) best = i
    }
    const [buffer] = best < 0 ? [] : this.#buffers.splice(best, 1)
    if (buffer === undefined) return numbers.slice()
    const copy = new Int32Array(buffer, 0, numbers.length)
    copy.set(numbers)
    return copy
  }

  /** All of them, to be moved elsewhere. */
  takeAll(): ArrayBuffer[] {
    const buffers = this.#buffers
    this.#buffers = []
    return buffers
  }
}

/** A block with buffers of its own, which can move to another thread. */
export function detach(block: EncodedBlock, spare: SpareBuffers): { block: EncodedBlock; buffers: ArrayBuffer[] } {
  const buffers: ArrayBuffer[] = []
  const copy = (numbers: Int32Array): Int32Array => {
    const own = spare.copy(numbers)
    buffers.push(own.buffer)
    return own
  }
  const columns = block.columns.map(({ tokens, lengths }) => ({
    tokens: tokens === null ? null : copy(tokens),
    lengths: copy(lengths),
  }))
  return { block: { ...block, sampleLengths: copy(block.sampleLengths), columns }, buffers }
}

/** The buffers of a detached block, once it is done with. */
export const buffersOfEncoded = ({ sampleLengths, columns }: EncodedBlock): ArrayBuffer[] =>
  [sampleLengths, ...columns.flatMap(({ tokens, lengths }) => [tokens, lengths])].flatMap((numbers) =>
    numbers?.buffer instanceof ArrayBuffer ? [numbers.buffer] : [],
  )
