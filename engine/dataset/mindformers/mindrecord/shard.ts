import type { FileHandle } from 'node:fs/promises'
import { AppError } from '../../../protocol/errors/index.ts'
import { IndexDatabase } from './index-database.ts'
import { type Page, PageWriter, createShardFile, newPage, writeAt } from './pages.ts'

/** Sizes in bytes; MindRecord's own unless a test wants small ones. */
export interface ShardSizes {
  readonly header: number
  readonly page: number
}

export const DEFAULT_SIZES: ShardSizes = { header: 16 * 1024 * 1024, page: 32 * 1024 * 1024 }

/** What a row without scalar fields leaves in a raw page: its length and MessagePack of `{"id":0}`. */
const RAW_ROW = Buffer.from('050000000000000081a2696400', 'hex')

export interface ShardNames {
  /** Where it is written, and its base name in the end. */
  readonly file: string
  readonly name: string
  readonly number: number
}

/** One MindRecord file with its index: header, then pages of rows (blobs) and of their scalar fields (raw). */
export class Shard {
  readonly #names: ShardNames
  readonly #sizes: ShardSizes
  readonly #handle: FileHandle
  readonly #index: IndexDatabase
  readonly #pages: Page[] = []
  readonly #blobs: PageWriter
  readonly #raws: PageWriter
  #blob: Page
  #raw: Page
  #rows = 0

  private constructor(names: ShardNames, sizes: ShardSizes, handle: FileHandle, index: IndexDatabase) {
    this.#names = names
    this.#sizes = sizes
    this.#handle = handle
    this.#index = index
    this.#blob = this.#addPage('BLOB_DATA', 0)
    this.#raw = this.#addPage('RAW_DATA', 0)
    this.#blobs = new PageWriter(handle, this.#placeOf(this.#blob))
    this.#raws = new PageWriter(handle, this.#placeOf(this.#raw))
  }

  static async create(names: ShardNames, sizes: ShardSizes): Promise<Shard> {
    const handle = await createShardFile(names.file)
    return new Shard(names, sizes, handle, await IndexDatabase.create(`${names.file}.db`, names.name))
  }

  /** @throws dataset.recordTooLarge where a row does not fit into a page */
  async add(blob: Buffer): Promise<void> {
    const size = 8 + blob.length
    if (size > this.#sizes.page) {
      throw new AppError('dataset.recordTooLarge', { bytes: size, limit: this.#sizes.page })
    }
    const rawOfGroup = this.#raw.page_size - (this.#raw.row_group_ids.at(-1)?.offset ?? 0)
    const isFull = this.#blob.page_size + size > this.#sizes.page || rawOfGroup + RAW_ROW.length > this.#sizes.page
    if (isFull) await this.#openGroup()
    else if (this.#raw.page_size + RAW_ROW.length > this.#sizes.page) await this.#moveGroup()
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(blob.length))
    this.#index.add({
      row: this.#rows++,
      rawPage: this.#raw.page_id,
      rawFrom: this.#raw.page_size,
      rawTo: this.#raw.page_size + RAW_ROW.length,
      group: this.#blob.page_type_id,
      blobPage: this.#blob.page_id,
      blobFrom: this.#blob.page_size,
      blobTo: this.#blob.page_size + size,
    })
    await this.#blobs.append(length)
    await this.#blobs.append(blob)
    await this.#raws.append(RAW_ROW)
    this.#blob.page_size += size
    this.#blob.end_row_id = this.#rows
    this.#raw.page_size += RAW_ROW.length
  }

  /** Writes what is left and the header, and brings both files to the disk. @throws dataset.recordTooLarge */
  async finish(describe: (pages: readonly Page[] | null) => string): Promise<void> {
    await this.#blobs.flush()
    await this.#raws.flush()
    const header = Buffer.from(describe(this.#rows === 0 ? null : this.#pages))
    if (header.length + 8 > this.#sizes.header) {
      throw new AppError('dataset.recordTooLarge', { bytes: header.length, limit: this.#sizes.header - 8 })
    }
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(header.length))
    await writeAt(this.#handle, Buffer.concat([length, header]), 0)
    await this.#handle.sync()
    await this.#handle.close()
    await this.#index.finish()
  }

  async abandon(): Promise<void> {
    this.#index.abandon()
    await this.#handle.close()
  }

  /** A new blob page is a new row group; its raw rows follow in the raw page, or in a new one. */
  async #openGroup(): Promise<void> {
    this.#blob = this.#addPage('BLOB_DATA', this.#blob.page_type_id + 1)
    await this.#blobs.moveTo(this.#placeOf(this.#blob))
    const group = { id: this.#blob.page_type_id, offset: this.#raw.page_size }
    if (this.#raw.page_size + RAW_ROW.length <= this.#sizes.page) this.#raw.row_group_ids.push(group)
    else await this.#openRawPage({ ...group, offset: 0 })
  }

  /** The raw rows of a group stay together: when the page is full, those of the last group move to a new one. */
  async #moveGroup(): Promise<void> {
    const group = this.#raw.row_group_ids.pop() ?? { id: 0, offset: 0 }
    const moved = this.#raw.page_size - group.offset
    this.#raw.page_size = group.offset
    await this.#openRawPage({ id: group.id, offset: 0 })
    this.#index.moveRaw(group.id, this.#raw.page_id, group.offset)
    for (let done = 0; done < moved; done += RAW_ROW.length) await this.#raws.append(RAW_ROW)
    this.#raw.page_size = moved
  }

  async #openRawPage(group: Page['row_group_ids'][number]): Promise<void> {
    // A quirk of the format: the number of the previous page and not of the previous raw page goes on.
    this.#raw = this.#addPage('RAW_DATA', this.#raw.page_id + 1)
    this.#raw.row_group_ids = [group]
    await this.#raws.moveTo(this.#placeOf(this.#raw))
  }

  #addPage(type: Page['page_type'], typeId: number): Page {
    const page = newPage(type, this.#names.number, this.#pages.length, typeId, type === 'RAW_DATA' ? 0 : this.#rows)
    this.#pages.push(page)
    return page
  }

  #placeOf(page: Page): number {
    return this.#sizes.header + this.#sizes.page * page.page_id
  }
}
