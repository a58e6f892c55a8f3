import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { HostDraft, SshHostView } from '#contract/index.ts'
import { Emitter } from '../emitter.ts'
import type { Engine } from '../engines/engine.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { Credentials } from '../links/credentials.ts'
import type { HostKeyStore } from '../links/host-key-store.ts'
import { fingerprint } from '../links/known-hosts.ts'
import type { LinkChange, LinkPool } from '../links/link-pool.ts'
import type { Log } from '../log/log.ts'
import { Scope } from '../scope.ts'
import type { HostBook } from './host-book.ts'

export interface SshHostsServices {
  readonly book: HostBook
  readonly links: LinkPool
  readonly engines: EnginePool
  readonly hostKeys: HostKeyStore
  readonly credentials: Credentials
  readonly createEngine: (host: HostId) => Engine
  readonly log: Log
}

/** What the user does with hosts that are reached over SSH: their entries, their links, and the engines behind these. */
export class SshHosts implements Disposable {
  readonly #services: SshHostsServices
  readonly #scope = new Scope('ssh-hosts')
  readonly #remembered = new Map<HostId, readonly string[]>()
  readonly #changed = new Emitter<HostId>()

  constructor(services: SshHostsServices) {
    this.#services = services
  }

  /** Hears of each change of an entry or a link. */
  onChange(listener: (host: HostId) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** Takes the engines of all entries into the pool, and connects those that are meant to be. */
  start(): void {
    const { book, links, engines, createEngine } = this.#services
    for (const { id, isAutomatic } of book.list()) {
      engines.add(createEngine(id))
      void this.#recall(id)
      if (isAutomatic) links.of(id).connect()
    }
    this.#scope.add(links.onChange((change) => this.#onLink(change)))
  }

  /** Undefined for this computer. */
  view(id: HostId): SshHostView | undefined {
    const record = this.#services.book.find(id)
    if (!record) return undefined
    return {
      settings: record.ssh,
      tags: [...record.tags],
      isAutomatic: record.isAutomatic,
      link: this.#services.links.of(id).view,
      remembered: [...(this.#remembered.get(id) ?? [])],
    }
  }

  add(draft: HostDraft): HostId {
    return this.#adopt(this.#services.book.add(draft))
  }

  edit(id: HostId, draft: HostDraft): void {
    this.#services.book.edit(id, draft)
    this.#changed.emit(id)
  }

  /** Where the engine of a host runs from its next start on: inside a container, or with null on the host itself. */
  placeEngine(id: HostId, container: string | null): void {
    const { name, ssh, tags, isAutomatic } = this.#services.book.get(id)
    this.edit(id, { name: name.en, ssh: { ...ssh, engineContainer: container }, tags: [...tags], isAutomatic })
  }

  duplicate(id: HostId): HostId {
    return this.#adopt(this.#services.book.duplicate(id))
  }

  /** Throws `host.isJump`. */
  async remove(id: HostId): Promise<void> {
    const { book, links, engines, credentials } = this.#services
    book.remove(id)
    links.remove(id)
    engines.remove(id)
    this.#remembered.delete(id)
    await credentials.forget(id)
  }

  /** Connects, or tries again at once; how it goes is told by the state of the host. */
  connect(id: HostId): void {
    this.#services.links.of(id).connect()
  }

  disconnect(id: HostId): void {
    this.#services.engines.of(id).stop()
    this.#services.links.of(id).disconnect()
  }

  async forgetSecrets(id: HostId, what?: string): Promise<void> {
    this.#services.book.get(id)
    await this.#services.credentials.forget(id, what)
    await this.#recall(id)
  }

  /** Throws `ssh.hostKeyNotSeen` when the host has shown another key meanwhile. */
  async trustKey(id: HostId, seen: string): Promise<void> {
    const { book, links, hostKeys } = this.#services
    const { name, ssh } = book.get(id)
    const link = links.of(id)
    const key = link.lastKey
    if (!key || fingerprint(key) !== seen) {
      throw new AppError('ssh.hostKeyNotSeen', { host: name.en, fingerprint: seen })
    }
    await hostKeys.trust(ssh.address, ssh.port, key)
    link.connect()
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]()
  }

  #adopt(id: HostId): HostId {
    this.#services.engines.add(this.#services.createEngine(id))
    this.#changed.emit(id)
    return id
  }

  /** The engine follows the link: it starts with it, waits while it comes back, and ends when it is given up. */
  #onLink({ host, view }: LinkChange): void {
    const engine = this.#services.engines.of(host)
    if (view.state === 'ready') {
      engine.start()
      void this.#recall(host)
    } else if (view.state === 'idle' || view.state === 'failed') engine.stop()
    this.#changed.emit(host)
  }

  async #recall(id: HostId): Promise<void> {
    try {
      this.#remembered.set(id, await this.#services.credentials.remembered(id))
      this.#changed.emit(id)
    } catch (error) {
      this.#services.log.warn('secrets.unreadable', { host: id, error })
    }
  }
}
