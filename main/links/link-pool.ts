import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { LinkView } from '#contract/index.ts'
import { Emitter } from '../emitter.ts'
import { Scope } from '../scope.ts'
import type { LinkTarget } from './dialer.ts'
import { SshLink, type LinkServices } from './link.ts'

export interface LinkChange {
  readonly host: HostId
  readonly view: LinkView
}

/** The links by host, made when they are first asked for. */
export class LinkPool implements Disposable {
  readonly #services: Omit<LinkServices, 'findLink'>
  readonly #targetOf: (host: HostId) => LinkTarget
  readonly #links = new Map<HostId, { link: SshLink; scope: Scope }>()
  readonly #changed = new Emitter<LinkChange>()

  /** `targetOf` throws `host.unknown` for what is not in the host book, and `host.isLocal` for this computer. */
  constructor(targetOf: (host: HostId) => LinkTarget, services: Omit<LinkServices, 'findLink'>) {
    this.#targetOf = targetOf
    this.#services = services
  }

  onChange(listener: (change: LinkChange) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** The link of a host, connected or not. Throws `host.unknown` or `host.isLocal`. */
  of(host: HostId): SshLink {
    const known = this.#links.get(host)
    if (known) return known.link
    this.#targetOf(host)
    const scope = new Scope(`link/${host}`)
    const findLink = (jump: HostId) => this.#jump(host, jump)
    const link = scope.add(new SshLink(host, () => this.#targetOf(host), { ...this.#services, findLink }))
    scope.add(link.onChange((view) => this.#changed.emit({ host, view })))
    this.#links.set(host, { link, scope })
    return link
  }

  all(): SshLink[] {
    return [...this.#links.values()].map(({ link }) => link)
  }

  remove(host: HostId): void {
    this.#links.get(host)?.scope[Symbol.dispose]()
    this.#links.delete(host)
  }

  /** After the computer woke up or its network changed. */
  async check(): Promise<void> {
    await Promise.all(this.all().map((link) => link.check()))
  }

  [Symbol.dispose](): void {
    for (const host of [...this.#links.keys()]) this.remove(host)
  }

  /** Hosts that wait for each other would do so for ever. */
  #jump(host: HostId, jump: HostId): SshLink {
    const chain = [host]
    for (let next: HostId | null = jump; next !== null; next = this.#targetOf(next).ssh.jump) {
      chain.push(next)
      if (next === host || chain.indexOf(next) < chain.length - 1) {
        const names = chain.map((id) => this.#targetOf(id).name)
        throw new AppError('ssh.jumpCycle', { host: names[0] ?? host, chain: names.join(' → ') })
      }
    }
    return this.of(jump)
  }
}
