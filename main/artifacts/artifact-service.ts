import { createHash } from 'node:crypto'
import { checkpoints } from '#engine/protocol/checkpoints.ts'
import { datasets } from '#engine/protocol/datasets.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import { files } from '#engine/protocol/host.ts'
import { ArtifactId, type HostId, type RunId } from '#engine/protocol/ids.ts'
import type { FormValues } from '#engine/protocol/panel.ts'
import type { Passport } from '#engine/protocol/passport.ts'
import type { ArtifactKind } from '#engine/protocol/plan.ts'
import type { ArtifactView } from '#contract/index.ts'
import { Emitter } from '../emitter.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { Log } from '../log/log.ts'
import type { ArtifactRecord, ArtifactsRepository } from '../store/artifacts-repository.ts'

export type ArtifactChange = { kind: 'changed'; artifact: ArtifactView } | { kind: 'removed'; id: ArtifactId }

export interface FoundArtifact {
  readonly host: HostId
  readonly kind: ArtifactKind
  readonly path: string
  readonly passport: Passport | null
  readonly run: RunId | null
  readonly createdAt: number
}

/** Checkpoints, datasets and results on the hosts: what made them, from what, and whether they are still there. */
export class ArtifactService {
  readonly #repository: ArtifactsRepository
  readonly #engines: EnginePool
  readonly #log: Log
  readonly #now: () => number
  readonly #changed = new Emitter<ArtifactChange>()
  readonly #missing = new Set<ArtifactId>()
  #records: Map<ArtifactId, ArtifactRecord> | null = null

  constructor(repository: ArtifactsRepository, engines: EnginePool, now: () => number, log: Log) {
    this.#repository = repository
    this.#engines = engines
    this.#now = now
    this.#log = log
  }

  list(): ArtifactView[] {
    return [...this.#all().values()].map((record) => this.#view(record))
  }

  onChange(listener: (change: ArtifactChange) => void): Disposable {
    return this.#changed.on(listener)
  }

  ofRun(run: RunId): ArtifactId[] {
    return [...this.#all().values()].filter((record) => record.run === run).map(({ id }) => id)
  }

  /** Takes in what a run has left; its parents are the artifacts that the run's form names by path. */
  register(found: FoundArtifact, values: FormValues): void {
    const named = new Set(Object.values(values).filter((value) => typeof value === 'string'))
    const parents = [...this.#all().values()]
      .filter(({ host, path }) => host === found.host && path !== found.path && named.has(path))
      .map(({ id }) => id)
    this.#put({ ...found, id: idOf(found), parents })
    if (found.passport === null) void this.#complete(found)
  }

  /** Takes a checkpoint or dataset onto the list that was made elsewhere. Throws what the inspection throws. */
  async add(host: HostId, kind: 'checkpoint' | 'dataset', path: string): Promise<ArtifactView> {
    const seen = await this.#inspect(host, kind, path)
    const found = { host, kind, path: seen.path }
    const known = this.#all().get(idOf(found))
    const record: ArtifactRecord = known
      ? { ...known, passport: seen.passport }
      : { ...found, id: idOf(found), passport: seen.passport, run: null, parents: [], createdAt: this.#now() }
    return this.#put(record)
  }

  /** Takes an artifact off the list; files are not touched. Throws `artifact.unknown`. */
  forget(id: ArtifactId): void {
    if (!this.#all().delete(id)) throw new AppError('artifact.unknown')
    this.#repository.remove(id)
    this.#missing.delete(id)
    this.#changed.emit({ kind: 'removed', id })
  }

  /** Looks at each artifact of a host again. An artifact that cannot be looked at keeps its last answer. */
  async refresh(host: HostId): Promise<void> {
    const client = await this.#engines.of(host).client(files)
    for (const record of [...this.#all().values()]) {
      if (record.host !== host) continue
      const exists = (await client.stat({ path: markOf(record) })) !== null
      if (exists !== this.#missing.has(record.id) || !this.#all().has(record.id)) continue
      if (exists) this.#missing.delete(record.id)
      else this.#missing.add(record.id)
      this.#changed.emit({ kind: 'changed', artifact: this.#view(record) })
    }
  }

  /** A run that left no passport in its journal may have left one beside the files. */
  async #complete(found: FoundArtifact): Promise<void> {
    if (found.kind !== 'checkpoint' && found.kind !== 'dataset') return
    try {
      const { passport } = await this.#inspect(found.host, found.kind, found.path)
      const record = this.#all().get(idOf(found))
      if (record && passport) this.#put({ ...record, passport })
    } catch (error) {
      this.#log.warn('artifact.unreadable', { host: found.host, path: found.path, error })
    }
  }

  async #inspect(host: HostId, kind: 'checkpoint' | 'dataset', path: string) {
    const connection = await this.#engines.of(host).ready()
    if (kind === 'checkpoint') {
      const summary = await connection.topic(checkpoints).summary({ path })
      return { path: summary.path, passport: summary.passport }
    }
    const { passport } = await connection.topic(datasets).inspect({ prefix: path, sample: 0 })
    return { path, passport }
  }

  #put(record: ArtifactRecord): ArtifactView {
    this.#repository.put(record)
    this.#all().set(record.id, record)
    this.#missing.delete(record.id)
    const artifact = this.#view(record)
    this.#changed.emit({ kind: 'changed', artifact })
    return artifact
  }

  #all(): Map<ArtifactId, ArtifactRecord> {
    return (this.#records ??= new Map(this.#repository.list().map((record) => [record.id, record])))
  }

  #view(record: ArtifactRecord): ArtifactView {
    const name = record.path.split(/[\\/]/).filter(Boolean).at(-1) ?? record.path
    return { ...record, name, exists: !this.#missing.has(record.id) }
  }
}

/** The same thing at the same place has the same id, also after the local store was lost. */
const idOf = ({ host, kind, path }: Pick<ArtifactRecord, 'host' | 'kind' | 'path'>): ArtifactId =>
  ArtifactId.parse(`a${createHash('sha256').update(`${host}\0${kind}\0${path}`).digest('hex').slice(0, 20)}`)

/** The path whose existence says that an artifact is there: a dataset's path is only the prefix of its files. */
const markOf = ({ kind, path }: ArtifactRecord): string => (kind === 'dataset' ? `${path}.awb-passport.json` : path)
