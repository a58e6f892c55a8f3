import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { AppError } from '#engine/protocol/errors/index.ts'
import { migrations } from './migrations.ts'

export type Connection = Sqlite.Database

/**
 * The local store: a cache of what hosts know, plus what only this computer knows (settings, conversations). Opened by
 * the first use. Deleting the file loses no job.
 */
export class Database implements Disposable {
  readonly #path: string
  #connection: Connection | null = null
  #isDisposed = false

  constructor(path: string) {
    this.#path = path
  }

  get connection(): Connection {
    if (this.#isDisposed) throw new AppError('store.closed')
    return (this.#connection ??= open(this.#path))
  }

  /** Runs `work` in one transaction. */
  transaction<T>(work: () => T): T {
    return this.connection.transaction(work)()
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    this.#connection?.close()
    this.#connection = null
  }
}

/** Opens a database file (or `:memory:`) and brings it to the newest version. */
function open(path: string): Connection {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const connection = new Sqlite(path)
  try {
    connection.pragma('journal_mode = WAL')
    connection.pragma('foreign_keys = ON')
    connection.pragma('busy_timeout = 5000')
    migrate(connection)
  } catch (error) {
    connection.close()
    throw error
  }
  return connection
}

/**
 * Applies the migrations that the file has not seen, each in its own transaction. The number of the last one is the
 * file's `user_version`. Throws `store.newer` for a file of a newer workbench, which stays untouched.
 */
export function migrate(connection: Connection, upTo = migrations.length): void {
  const version = connection.pragma('user_version', { simple: true }) as number
  if (version > migrations.length) {
    throw new AppError('store.newer', { path: connection.name, version, known: migrations.length })
  }
  for (const [index, sql] of migrations.slice(0, upTo).entries()) {
    if (index < version) continue
    connection
      .transaction(() => {
        connection.exec(sql)
        connection.pragma(`user_version = ${index + 1}`)
      })
      .immediate()
  }
}
