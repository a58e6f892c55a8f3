import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { ForwardDelta, ForwardSettings, ForwardView } from '#contract/index.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { HostBook } from '../hosts/host-book.ts'
import type { LinkPool } from '../links/index.ts'
import { Scope } from '../scope.ts'
import type { ForwardsRepository } from '../store/forwards-repository.ts'
import { SavedForward } from './saved-forward.ts'

export interface ForwardServices {
  readonly repository: ForwardsRepository
  readonly book: HostBook
  readonly links: LinkPool
  readonly clock: Clock
  readonly randomId: () => string
}

/** The port forwards of all hosts. */
export class ForwardService implements Disposable {
  readonly #services: ForwardServices
  readonly #scope = new Scope('forwards')
  readonly #changed = new Emitter<ForwardDelta>()
  readonly #forwards = new Map<string, SavedForward>()

  constructor(services: ForwardServices) {
    this.#services = services
  }

  /** Takes in what is saved; from now on links open and close it. */
  start(): void {
    const { repository, links, book } = this.#services
    for (const { id, host, settings } of repository.list()) this.#take(id, host, settings)
    this.#scope.add(
      links.onChange(({ host, view }) => {
        for (const forward of this.#of(host)) forward.follow(view)
      }),
    )
    this.#scope.add(
      book.onChange(({ kind, id }) => {
        if (kind === 'removed') for (const { view } of this.#of(id)) this.#drop(view.id)
      }),
    )
  }

  list(): ForwardView[] {
    return [...this.#forwards.values()].map(({ view }) => view)
  }

  onChange(listener: (delta: ForwardDelta) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** Throws `host.unknown`, `host.isLocal`, `forward.duplicate`. */
  add(host: HostId, settings: ForwardSettings): string {
    const { book, repository, links, randomId } = this.#services
    book.get(host)
    this.#assertFree(host, settings)
    const id = randomId()
    repository.put({ id, host, settings })
    const forward = this.#take(id, host, settings)
    this.#changed.emit({ kind: 'changed', forward: forward.view })
    forward.follow(links.of(host).view)
    return id
  }

  /** Throws `forward.unknown`, `forward.duplicate`. */
  edit(id: string, settings: ForwardSettings): void {
    const forward = this.#get(id)
    const { host } = forward.view
    this.#assertFree(host, settings, id)
    this.#services.repository.put({ id, host, settings })
    forward.change(settings)
  }

  remove(id: string): void {
    this.#get(id)
    this.#services.repository.remove(id)
    this.#drop(id)
  }

  /** Throws `forward.unknown`, `ssh.notConnected`. */
  startOne(id: string): void {
    this.#get(id).start()
  }

  stopOne(id: string): void {
    this.#get(id).stop()
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]()
    for (const forward of this.#forwards.values()) forward[Symbol.dispose]()
    this.#forwards.clear()
  }

  #take(id: string, host: HostId, settings: ForwardSettings): SavedForward {
    const { links, clock } = this.#services
    const forward = new SavedForward(
      { id, host, settings },
      { link: () => links.of(host), clock, changed: (view) => this.#changed.emit({ kind: 'changed', forward: view }) },
    )
    this.#forwards.set(id, forward)
    return forward
  }

  #drop(id: string): void {
    this.#forwards.get(id)?.[Symbol.dispose]()
    this.#forwards.delete(id)
    this.#changed.emit({ kind: 'removed', id })
  }

  #of(host: HostId): SavedForward[] {
    return [...this.#forwards.values()].filter(({ view }) => view.host === host)
  }

  #get(id: string): SavedForward {
    const forward = this.#forwards.get(id)
    if (!forward) throw new AppError('forward.unknown', { id })
    return forward
  }

  /** Two forwards of a host cannot listen on the same port of the same machine. Any free port is never the same. */
  #assertFree(host: HostId, { kind, listen }: ForwardSettings, self = ''): void {
    const { address, port } = listen
    const isTaken = this.#of(host).some(
      ({ view: { id, settings } }) =>
        id !== self &&
        (settings.kind === 'remote') === (kind === 'remote') &&
        settings.listen.address === address &&
        settings.listen.port === port,
    )
    if (isTaken && port !== 0) throw new AppError('forward.duplicate', { address, port })
  }
}
