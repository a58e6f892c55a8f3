import { z } from 'zod'
import { OverwritePolicy, TransferRequest, TransferView } from '#contract/index.ts'
import type { Database } from './database.ts'
import { fromJson, toJson } from './json.ts'

export const TransferOrder = TransferRequest.extend({ policy: OverwritePolicy })
export type TransferOrder = z.infer<typeof TransferOrder>

/** Names that sources got at the target, by their paths: another look must not choose others. */
const Names = z.record(z.string(), z.string())
export type TargetNames = z.infer<typeof Names>

/** A transfer as it is kept: what it is to do, and how it stood. */
export interface TransferRecord {
  readonly id: string
  readonly order: TransferOrder
  readonly view: TransferView
  readonly names: TargetNames
}

/** A file that is dealt with. `bytes` is its length as it was listed. */
export interface FinishedFile {
  readonly target: string
  readonly bytes: number
  readonly isSkipped: boolean
}

interface Row {
  id: string
  transfer_order: string
  view: string
  names: string
}

/** Tables `transfers` and `transfer_files`. */
export class TransfersRepository {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** In the order in which they were made. */
  list(): TransferRecord[] {
    const rows = this.#database.connection.prepare('SELECT * FROM transfers ORDER BY position').all() as Row[]
    return rows.map((row) => ({
      id: row.id,
      order: fromJson(TransferOrder, row.transfer_order),
      view: fromJson(TransferView, row.view),
      names: fromJson(Names, row.names),
    }))
  }

  insert({ id, order, view, names }: TransferRecord): void {
    this.#database.connection
      .prepare('INSERT INTO transfers (id, transfer_order, view, names) VALUES (?, ?, ?, ?)')
      .run(id, toJson(order), toJson(view), toJson(names))
  }

  /** Writes how it stands, with the files that were finished since the last time, at once. */
  update(id: string, view: TransferView, names: TargetNames, finished: readonly FinishedFile[]): void {
    this.#database.transaction(() => {
      const { connection } = this.#database
      connection.prepare('UPDATE transfers SET view = ?, names = ? WHERE id = ?').run(toJson(view), toJson(names), id)
      const add = connection.prepare(
        'INSERT OR REPLACE INTO transfer_files (transfer, target, bytes, is_skipped) VALUES (?, ?, ?, ?)',
      )
      for (const { target, bytes, isSkipped } of finished) add.run(id, target, bytes, Number(isSkipped))
    })
  }

  finished(id: string): FinishedFile[] {
    const rows = this.#database.connection
      .prepare('SELECT target, bytes, is_skipped FROM transfer_files WHERE transfer = ?')
      .all(id) as { target: string; bytes: number; is_skipped: number }[]
    return rows.map(({ target, bytes, is_skipped }) => ({ target, bytes, isSkipped: is_skipped === 1 }))
  }

  remove(id: string): void {
    this.#database.connection.prepare('DELETE FROM transfers WHERE id = ?').run(id)
  }
}
