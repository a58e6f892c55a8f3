import { chmod, open } from 'node:fs/promises'
import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Where a row lies: raw page, its bytes in there, row group, blob page, its bytes in there. Offsets are of pages. */
export interface RowPlace {
  row: number
  rawPage: number
  rawFrom: number
  rawTo: number
  group: number
  blobPage: number
  blobFrom: number
  blobTo: number
}

/** The index of a shard, `<shard>.db`: SQLite with the tables INDEXES and SHARD_NAME, as MindRecord makes it. */
export class IndexDatabase {
  readonly #file: string
  readonly #database: DatabaseSync
  readonly #insert: StatementSync

  private constructor(file: string, database: DatabaseSync) {
    this.#file = file
    this.#database = database
    this.#insert = database.prepare('INSERT INTO INDEXES VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  }

  /** @param shard base name of the shard's file */
  static async create(file: string, shard: string): Promise<IndexDatabase> {
    // Loaded here: no other part of the engine needs it.
    const { DatabaseSync } = await import('node:sqlite')
    const database = new DatabaseSync(file)
    // The file is new and appears by rename, so a journal on the disk would only cost time.
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN')
    database.exec(
      'CREATE TABLE INDEXES(ROW_ID INT NOT NULL, PAGE_ID_RAW INT NOT NULL, PAGE_OFFSET_RAW INT NOT NULL, ' +
        'PAGE_OFFSET_RAW_END INT NOT NULL, ROW_GROUP_ID INT NOT NULL, PAGE_ID_BLOB INT NOT NULL, ' +
        'PAGE_OFFSET_BLOB INT NOT NULL, PAGE_OFFSET_BLOB_END INT NOT NULL, PRIMARY KEY(ROW_ID))',
    )
    database.exec('CREATE TABLE SHARD_NAME(NAME TEXT NOT NULL)')
    database.prepare('INSERT INTO SHARD_NAME VALUES (?)').run(shard)
    return new IndexDatabase(file, database)
  }

  add(place: RowPlace): void {
    const { row, rawPage, rawFrom, rawTo, group, blobPage, blobFrom, blobTo } = place
    this.#insert.run(row, rawPage, rawFrom, rawTo, group, blobPage, blobFrom, blobTo)
  }

  /** The raw bytes of a row group moved to the start of another page. */
  moveRaw(group: number, page: number, offset: number): void {
    this.#database
      .prepare(
        'UPDATE INDEXES SET PAGE_ID_RAW = ?, PAGE_OFFSET_RAW = PAGE_OFFSET_RAW - ?, ' +
          'PAGE_OFFSET_RAW_END = PAGE_OFFSET_RAW_END - ? WHERE ROW_GROUP_ID = ?',
      )
      .run(page, offset, offset, group)
  }

  async finish(): Promise<void> {
    this.#database.exec('COMMIT')
    this.#database.close()
    await chmod(this.#file, 0o600)
    const handle = await open(this.#file, 'r+')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  abandon(): void {
    if (this.#database.isOpen) this.#database.close()
  }
}
