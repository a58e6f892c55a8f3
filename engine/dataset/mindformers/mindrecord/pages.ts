import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

const FLUSH_BYTES = 1024 * 1024

/** A page as the header of the file lists it; the keys stand in alphabetical order there. */
export interface Page {
  end_row_id: number
  page_id: number
  page_size: number
  page_type: 'BLOB_DATA' | 'RAW_DATA'
  page_type_id: number
  row_group_ids: { id: number; offset: number }[]
  shard_id: number
  start_row_id: number
}

export const newPage = (type: Page['page_type'], shard: number, id: number, typeId: number, row: number): Page => ({
  end_row_id: row,
  page_id: id,
  page_size: 0,
  page_type: type,
  page_type_id: typeId,
  row_group_ids: [{ id: 0, offset: 0 }],
  shard_id: shard,
  start_row_id: row,
})

/** Appends to one page after the other at their places in the file, in large writes. */
export class PageWriter {
  readonly #handle: FileHandle
  #parts: Buffer[] = []
  #pending = 0
  #at: number

  /** @param at where the first bytes go in the file */
  constructor(handle: FileHandle, at: number) {
    this.#handle = handle
    this.#at = at
  }

  async append(bytes: Buffer): Promise<void> {
    this.#parts.push(bytes)
    this.#pending += bytes.length
    if (this.#pending >= FLUSH_BYTES) await this.flush()
  }

  /** What follows goes to another place. */
  async moveTo(at: number): Promise<void> {
    await this.flush()
    this.#at = at
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#parts)
    this.#parts = []
    this.#pending = 0
    await writeAt(this.#handle, bytes, this.#at)
    this.#at += bytes.length
  }
}

export async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
}

/** A new file that only its owner reads, as MindRecord makes them. */
export const createShardFile = (file: string): Promise<FileHandle> =>
  open(file, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
