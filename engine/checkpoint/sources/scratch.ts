/** Memory for a moment: `bytes` is as long as was asked for, `whole` is what lies behind it. */
export interface Scratch {
  readonly bytes: Buffer<ArrayBuffer>
  readonly whole: Buffer<ArrayBuffer>
}

/** Buffers that are used again: fresh ones of a few megabytes cost more than what is done in them. */
export class ScratchPool {
  readonly #free: Buffer<ArrayBuffer>[] = []

  take(length: number): Scratch {
    const fitting = this.#free.findIndex((buffer) => buffer.length >= length)
    const [whole] = fitting < 0 ? [] : this.#free.splice(fitting, 1)
    const buffer = whole ?? Buffer.from(new ArrayBuffer(length))
    // A larger one takes the place of one that did not fit.
    if (whole === undefined) this.#free.pop()
    return { bytes: buffer.subarray(0, length), whole: buffer }
  }

  give({ whole }: Scratch): void {
    this.#free.push(whole)
  }
}
