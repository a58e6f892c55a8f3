import { createHash } from 'node:crypto'
import { open, type FileHandle, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'

/** Half of a SHA-256, and the number of the row (below 2^48) in six bytes. */
const HASH_BYTES = 16
const ENTRY_BYTES = HASH_BYTES + 6
const BUFFER_ENTRIES = 1024
/** So that the entries of one bucket fit into some tens of megabytes. */
const SOURCE_BYTES_PER_BUCKET = 16 * 1024 * 1024
const MOST_BUCKETS = 256

/**
 * Finds rows whose keys were seen before. Hashes lie on disk in buckets by their first byte, one of which is in memory
 * at a time; what stays is one bit per row.
 */
export class Duplicates {
  readonly #folder: string
  readonly #buckets: Bucket[]
  #rows = 0

  private constructor(folder: string, buckets: Bucket[]) {
    this.#folder = folder
    this.#buckets = buckets
  }

  /** @param place folder for the hashes; gone after `close` */
  static async create(place: string, sourceBytes: number): Promise<Duplicates> {
    const count = Math.min(MOST_BUCKETS, Math.max(1, Math.ceil(sourceBytes / SOURCE_BYTES_PER_BUCKET)))
    const folder = await mkdtemp(path.join(place, 'hashes-'))
    const buckets: Bucket[] = []
    const duplicates = new Duplicates(folder, buckets)
    try {
      for (let i = 0; i < count; i++) buckets.push(await Bucket.create(path.join(folder, String(i))))
      return duplicates
    } catch (error) {
      await duplicates.close()
      throw error
    }
  }

  /** The next row; null for one that is equal to no other. */
  add(key: string | null): void {
    const row = this.#rows++
    if (key === null) return
    const hash = createHash('sha256').update(key).digest().subarray(0, HASH_BYTES)
    this.#buckets[Math.floor(((hash[0] ?? 0) * this.#buckets.length) / 256)]?.add(hash, row)
  }

  /** To be called often enough to bound memory. */
  async flush(): Promise<void> {
    for (const bucket of this.#buckets) await bucket.flush()
  }

  /** For each row whether an earlier one has the same key: one bit each, eight to a byte, the first row lowest. */
  async find(): Promise<{ bits: Uint8Array; count: number }> {
    const bits = new Uint8Array(Math.ceil(this.#rows / 8))
    let count = 0
    for (const bucket of this.#buckets) {
      for await (const row of bucket.repeated()) {
        const at = Math.floor(row / 8)
        bits[at] = (bits[at] ?? 0) | (1 << (row % 8))
        count++
      }
    }
    return { bits, count }
  }

  async close(): Promise<void> {
    for (const bucket of this.#buckets) await bucket.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}

class Bucket {
  readonly #handle: FileHandle
  #full: Buffer[] = []
  #buffer = Buffer.alloc(ENTRY_BYTES * BUFFER_ENTRIES)
  #used = 0
  #bytes = 0

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  static async create(file: string): Promise<Bucket> {
    return new Bucket(await open(file, 'wx+'))
  }

  add(hash: Uint8Array, row: number): void {
    this.#buffer.set(hash, this.#used)
    this.#buffer.writeUIntLE(row, this.#used + HASH_BYTES, 6)
    this.#used += ENTRY_BYTES
    if (this.#used < this.#buffer.length) return
    this.#full.push(this.#buffer)
    this.#buffer = Buffer.alloc(this.#buffer.length)
    this.#used = 0
  }

  async flush(): Promise<void> {
    for (const block of this.#full) await this.#write(block)
    this.#full = []
  }

  /** Rows whose hash stands at an earlier row, too. */
  async *repeated(): AsyncGenerator<number, void, undefined> {
    await this.flush()
    await this.#write(this.#buffer.subarray(0, this.#used))
    this.#used = 0
    const entries = Buffer.alloc(this.#bytes)
    for (let done = 0; done < entries.length;) {
      const { bytesRead } = await this.#handle.read(entries, done, entries.length - done, done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    const seen = new Set<string>()
    for (let at = 0; at < entries.length; at += ENTRY_BYTES) {
      const hash = entries.toString('latin1', at, at + HASH_BYTES)
      if (seen.has(hash)) yield entries.readUIntLE(at + HASH_BYTES, 6)
      else seen.add(hash)
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  async #write(block: Buffer): Promise<void> {
    for (let done = 0; done < block.length;) {
      done += (await this.#handle.write(block, done, block.length - done, this.#bytes + done)).bytesWritten
    }
    this.#bytes += block.length
  }
}
