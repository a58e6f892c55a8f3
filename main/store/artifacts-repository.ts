import { z } from 'zod'
import { ArtifactId, ArtifactKind, HostId, Passport, RunId } from '#engine/protocol/index.ts'
import type { Database } from './database.ts'
import { fromJson, toJson } from './json.ts'

export interface ArtifactRecord {
  readonly id: ArtifactId
  readonly host: HostId
  readonly kind: ArtifactKind
  readonly path: string
  readonly passport: Passport | null
  readonly run: RunId | null
  readonly parents: ArtifactId[]
  readonly createdAt: number
}

interface Row {
  id: string
  host: string
  kind: string
  path: string
  passport: string | null
  run: string | null
  parents: string
  created_at: number
}

/** Table `artifacts`. */
export class ArtifactsRepository {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Oldest first. */
  list(): ArtifactRecord[] {
    const rows = this.#database.connection.prepare('SELECT * FROM artifacts ORDER BY created_at, id').all() as Row[]
    return rows.map(toRecord)
  }

  put(artifact: ArtifactRecord): void {
    this.#database.connection
      .prepare(
        `INSERT OR REPLACE INTO artifacts (id, host, kind, path, passport, run, parents, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        artifact.id,
        artifact.host,
        artifact.kind,
        artifact.path,
        artifact.passport && toJson(artifact.passport),
        artifact.run,
        toJson(artifact.parents),
        artifact.createdAt,
      )
  }

  remove(id: ArtifactId): void {
    this.#database.connection.prepare('DELETE FROM artifacts WHERE id = ?').run(id)
  }
}

function toRecord(row: Row): ArtifactRecord {
  return {
    id: ArtifactId.parse(row.id),
    host: HostId.parse(row.host),
    kind: ArtifactKind.parse(row.kind),
    path: row.path,
    passport: row.passport === null ? null : fromJson(Passport, row.passport),
    run: row.run === null ? null : RunId.parse(row.run),
    parents: fromJson(z.array(ArtifactId), row.parents),
    createdAt: row.created_at,
  }
}
