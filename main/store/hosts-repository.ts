import { HostId, LOCAL_HOST, Text } from '#engine/protocol/index.ts'
import type { Database } from './database.ts'
import { fromJson, toJson } from './json.ts'

export interface HostRecord {
  readonly id: HostId
  readonly kind: 'local' | 'ssh'
  readonly name: Text
}

const THIS_COMPUTER: HostRecord = {
  id: LOCAL_HOST,
  kind: 'local',
  name: { en: 'This computer', 'zh-CN': '本机' },
}

/** Table `hosts`. */
export class HostsRepository {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** All hosts; this computer is always among them, and first. */
  list(): HostRecord[] {
    const { connection } = this.#database
    connection
      .prepare('INSERT OR IGNORE INTO hosts (id, kind, name) VALUES (?, ?, ?)')
      .run(THIS_COMPUTER.id, THIS_COMPUTER.kind, toJson(THIS_COMPUTER.name))
    const rows = connection.prepare(`SELECT id, kind, name FROM hosts ORDER BY kind = 'local' DESC, id`).all() as {
      id: string
      kind: HostRecord['kind']
      name: string
    }[]
    return rows.map(({ id, kind, name }) => ({ id: HostId.parse(id), kind, name: fromJson(Text, name) }))
  }
}
