import { AppError } from '#engine/protocol/errors/index.ts'
import { HostId, LOCAL_HOST } from '#engine/protocol/ids.ts'
import type { HostDraft } from '#contract/index.ts'
import { Emitter } from '../emitter.ts'
import type { LinkTarget } from '../links/dialer.ts'
import type { HostsRepository, SshHostRecord } from '../store/hosts-repository.ts'

export type BookChange = { readonly kind: 'put' | 'removed'; readonly id: HostId }

/** The hosts that the user has written down, and how each is reached. */
export class HostBook {
  readonly #repository: HostsRepository
  readonly #changed = new Emitter<BookChange>()
  #records: Map<HostId, SshHostRecord> | null = null

  constructor(repository: HostsRepository) {
    this.#repository = repository
  }

  onChange(listener: (change: BookChange) => void): Disposable {
    return this.#changed.on(listener)
  }

  list(): SshHostRecord[] {
    return [...this.#all().values()]
  }

  find(id: HostId): SshHostRecord | undefined {
    return this.#all().get(id)
  }

  /** Throws `host.unknown`, or `host.isLocal` for this computer. */
  get(id: HostId): SshHostRecord {
    const record = this.#all().get(id)
    if (record) return record
    throw id === LOCAL_HOST ? new AppError('host.isLocal') : new AppError('host.unknown', { host: id })
  }

  targetOf(id: HostId): LinkTarget {
    const { name, ssh } = this.get(id)
    return { host: id, name: name.en, ssh }
  }

  add(draft: HostDraft): HostId {
    const id = this.#newId(draft.name)
    this.#put(id, draft)
    return id
  }

  edit(id: HostId, draft: HostDraft): void {
    this.get(id)
    this.#put(id, draft)
  }

  duplicate(id: HostId): HostId {
    const { name, ssh, tags } = this.get(id)
    const names = new Set(this.list().map((record) => record.name.en))
    let copy = `${name.en} 2`
    for (let number = 3; names.has(copy); number++) copy = `${name.en} ${number}`
    return this.add({ name: copy, ssh, tags: [...tags], isAutomatic: false })
  }

  /** Throws `host.isJump` when other hosts are reached through it. */
  remove(id: HostId): void {
    const { name } = this.get(id)
    const users = this.list().filter(({ ssh }) => ssh.jump === id)
    if (users.length > 0) {
      throw new AppError('host.isJump', { host: name.en, users: users.map((user) => user.name.en).join(', ') })
    }
    this.#repository.removeSsh(id)
    this.#all().delete(id)
    this.#changed.emit({ kind: 'removed', id })
  }

  #put(id: HostId, { name, ssh, tags, isAutomatic }: HostDraft): void {
    this.#assertChain(id, name, ssh.jump)
    const record: SshHostRecord = {
      id,
      kind: 'ssh',
      name: { en: name, 'zh-CN': name },
      ssh,
      tags: [...new Set(tags)],
      isAutomatic,
    }
    this.#repository.putSsh(record)
    this.#all().set(id, record)
    this.#changed.emit({ kind: 'put', id })
  }

  /** Throws `host.unknown` for a jump host that is not there, `ssh.jumpCycle` for one that leads back. */
  #assertChain(id: HostId, name: string, jump: HostId | null): void {
    const names = [name]
    for (let next = jump; next !== null; next = this.get(next).ssh.jump) {
      names.push(next === id ? name : this.get(next).name.en)
      if (next === id) throw new AppError('ssh.jumpCycle', { host: name, chain: names.join(' → ') })
    }
  }

  /** A short name that files and rows can have: from the host's name, numbered when it is taken. */
  #newId(name: string): HostId {
    const base =
      name
        .normalize('NFKD')
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '')
        .slice(0, 40) || 'host'
    for (let number = 1; ; number++) {
      const id = HostId.parse(number === 1 ? base : `${base}-${number}`)
      if (id !== LOCAL_HOST && !this.#all().has(id)) return id
    }
  }

  #all(): Map<HostId, SshHostRecord> {
    return (this.#records ??= new Map(this.#repository.listSsh().map((record) => [record.id, record])))
  }
}
