import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { Log } from '../log/log.ts'
import type { Secret } from '../log/secret.ts'
import type { SecretStore } from '../secrets/secret-store.ts'

const nameOf = (host: HostId, what: string): string => `ssh/${host}/${what}`

/**
 * The secrets of hosts: those of this session in memory, so that a lost link comes back without asking, and those to be
 * remembered in the key store. `what` is `password`, `proxy`, or `passphrase:` with the path of the key.
 */
export class Credentials {
  readonly #store: SecretStore
  readonly #log: Log
  readonly #session = new Map<string, Secret>()

  constructor(store: SecretStore, log: Log) {
    this.#store = store
    this.#log = log
  }

  /** What was entered in this session, else what is remembered, else null. Throws `vault.locked`. */
  async get(host: HostId, what: string): Promise<Secret | null> {
    const name = nameOf(host, what)
    const entered = this.#session.get(name)
    if (entered) return entered
    if (!(await this.#store.has(name))) return null
    try {
      return await this.#store.get(name)
    } catch (error) {
      if (error instanceof AppError && error.code === 'vault.locked') throw error
      // What cannot be read is asked for; the log says why.
      this.#log.warn('secrets.unreadable', { name, error })
      return null
    }
  }

  /**
   * Keeps what was accepted: for this session always, beyond it when the user wants that. Throws `vault.locked`; any
   * other failure is logged, because the secret was right and the connection must not fail for it.
   */
  async keep(host: HostId, what: string, secret: Secret, remember: boolean): Promise<void> {
    const name = nameOf(host, what)
    this.#session.set(name, secret)
    if (!remember) return
    try {
      await this.#store.set(name, secret)
    } catch (error) {
      if (error instanceof AppError && error.code === 'vault.locked') throw error
      this.#log.warn('secrets.notKept', { name, error })
    }
  }

  /** Forgets what was refused, in this session only: a server may refuse for other reasons. */
  refuse(host: HostId, what: string): void {
    this.#session.delete(nameOf(host, what))
  }

  async canRemember(): Promise<boolean> {
    return (await this.#store.unavailable()) === null
  }

  /** What is remembered of a host. */
  async remembered(host: HostId): Promise<string[]> {
    const prefix = nameOf(host, '')
    return (await this.#store.names())
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(prefix.length))
  }

  /** Forgets everything of a host, or one thing. */
  async forget(host: HostId, what?: string): Promise<void> {
    const prefix = nameOf(host, what ?? '')
    const isMeant = (name: string) => (what === undefined ? name.startsWith(prefix) : name === prefix)
    for (const name of [...this.#session.keys()].filter(isMeant)) this.#session.delete(name)
    for (const name of (await this.#store.names()).filter(isMeant)) await this.#store.remove(name)
  }
}
