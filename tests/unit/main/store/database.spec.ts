import Sqlite from 'better-sqlite3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Database, migrate } from '#main/store/database.ts'
import { migrations } from '#main/store/migrations.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-store-'))
  path = join(folder, 'sub', 'workbench.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

const versionOf = (connection: Sqlite.Database) => connection.pragma('user_version', { simple: true })
const tablesOf = (connection: Sqlite.Database) =>
  connection.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).pluck().all()

describe('the store', () => {
  it('opens with the first use, in WAL mode with foreign keys', () => {
    using database = new Database(path)
    expect(() => new Sqlite(path, { fileMustExist: true })).toThrow()
    expect(database.connection.pragma('journal_mode', { simple: true })).toBe('wal')
    expect(database.connection.pragma('foreign_keys', { simple: true })).toBe(1)
    expect(versionOf(database.connection)).toBe(migrations.length)
  })

  it('says that it is closed', () => {
    const database = new Database(':memory:')
    database[Symbol.dispose]()
    expect(() => database.connection).toThrow(expect.objectContaining({ code: 'store.closed' }))
  })

  it('leaves the file of a newer workbench alone', () => {
    {
      using database = new Database(path)
      database.connection.pragma(`user_version = ${migrations.length + 1}`)
    }
    using database = new Database(path)
    expect(() => database.connection).toThrow(expect.objectContaining({ code: 'store.newer' }))
  })

  it('undoes all of a transaction that fails', () => {
    using database = new Database(':memory:')
    const { connection } = database
    const insert = () => connection.prepare('INSERT INTO settings (key, value) VALUES (?, ?)').run('a', '1')
    expect(() =>
      database.transaction(() => {
        insert()
        insert()
      }),
    ).toThrow()
    expect(connection.prepare('SELECT count(*) FROM settings').pluck().get()).toBe(0)
  })
})

describe('migration 1', () => {
  it('starts from an empty file', () => {
    const connection = new Sqlite(':memory:')
    migrate(connection, 0)
    expect(versionOf(connection)).toBe(0)
    migrate(connection, 1)
    expect(versionOf(connection)).toBe(1)
    expect(tablesOf(connection)).toEqual([
      'artifacts',
      'chat_messages',
      'chats',
      'forms',
      'hosts',
      'journals',
      'metrics',
      'runs',
      'settings',
    ])
    connection.close()
  })

  it('is applied once', () => {
    const connection = new Sqlite(':memory:')
    migrate(connection)
    migrate(connection)
    expect(versionOf(connection)).toBe(migrations.length)
    connection.close()
  })
})

describe('migration 4', () => {
  it('keeps hosts, and takes their port forwards along when they go', () => {
    const connection = new Sqlite(':memory:')
    connection.pragma('foreign_keys = ON')
    migrate(connection, 3)
    connection.exec(`INSERT INTO hosts (id, kind, name) VALUES ('npu-01', 'ssh', '{}')`)
    migrate(connection, 4)
    connection.exec(`INSERT INTO forwards (id, host, settings) VALUES ('a', 'npu-01', '{}')`)
    expect(() => connection.exec(`INSERT INTO forwards (id, host, settings) VALUES ('b', 'gone', '{}')`)).toThrow()
    connection.exec(`DELETE FROM hosts WHERE id = 'npu-01'`)
    expect(connection.prepare('SELECT count(*) FROM forwards').pluck().get()).toBe(0)
    connection.close()
  })
})

describe('migration 5', () => {
  it('adds the queue of transfers, whose files go with them', () => {
    const connection = new Sqlite(':memory:')
    connection.pragma('foreign_keys = ON')
    migrate(connection, 4)
    connection.exec(`INSERT INTO settings (key, value) VALUES ('a', '1')`)
    migrate(connection, 5)
    expect(connection.prepare('SELECT count(*) FROM settings').pluck().get()).toBe(1)
    connection.exec(`INSERT INTO transfers (id, transfer_order, view, names) VALUES ('t', '{}', '{}', '{}')`)
    connection.exec(`INSERT INTO transfer_files (transfer, target, bytes, is_skipped) VALUES ('t', '/a', 1, 0)`)
    connection.exec(`DELETE FROM transfers WHERE id = 't'`)
    expect(connection.prepare('SELECT count(*) FROM transfer_files').pluck().get()).toBe(0)
    connection.close()
  })
})
