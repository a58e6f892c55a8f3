import { z } from 'zod'
import { SshSettings } from '#contract/index.ts'
import { HostId, LOCAL_HOST, Text } from '#engine/protocol/index.ts'
import type { Database } from './database.ts'
import { fromJson, toJson } from './json.ts'

export interface HostRecord {
  readonly id: HostId
  readonly kind: 'local' | 'ssh'
  readonly name: Text
}

export interface SshHostRecord extends HostRecord {
  readonly kind: 'ssh'
  readonly ssh: SshSettings
  readonly tags: readonly string[]
  readonly isAutomatic: boolean
}

const THIS_COMPUTER: HostRecord = {
  id: LOCAL_HOST,
  kind: 'local',
  name: { en: 'This computer', 'zh-CN': '本机' },
}

const Tags = z.array(z.string())

interface SshHostRow {
  readonly id: string
  readonly name: string
  readonly settings: string
  readonly tags: string
  readonly is_automatic: number
}

/** Tables `hosts` and `ssh_hosts`. */
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

  /** The hosts that are reached over SSH. */
  listSsh(): SshHostRecord[] {
    const rows = this.#database.connection
      .prepare(
        `SELECT id, name, settings, tags, is_automatic FROM hosts JOIN ssh_hosts ON host = id
         WHERE kind = 'ssh' ORDER BY id`,
      )
      .all() as SshHostRow[]
    return rows.map((row) => ({
      id: HostId.parse(row.id),
      kind: 'ssh',
      name: fromJson(Text, row.name),
      ssh: fromJson(SshSettings, row.settings),
      tags: fromJson(Tags, row.tags),
      isAutomatic: row.is_automatic === 1,
    }))
  }

  putSsh({ id, name, ssh, tags, isAutomatic }: SshHostRecord): void {
    const { connection } = this.#database
    this.#database.transaction(() => {
      connection
        .prepare(
          `INSERT INTO hosts (id, kind, name) VALUES (?, 'ssh', ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name`,
        )
        .run(id, toJson(name))
      connection
        .prepare(
          `INSERT INTO ssh_hosts (host, settings, tags, is_automatic) VALUES (?, ?, ?, ?)
           ON CONFLICT (host) DO UPDATE SET settings = excluded.settings, tags = excluded.tags,
             is_automatic = excluded.is_automatic`,
        )
        .run(id, toJson(ssh), toJson(tags), isAutomatic ? 1 : 0)
    })
  }

  removeSsh(id: HostId): void {
    this.#database.connection.prepare(`DELETE FROM hosts WHERE id = ? AND kind = 'ssh'`).run(id)
  }
}
