import { join } from 'node:path'
import { userInfo } from 'node:os'
import { HostId } from '#engine/protocol/ids.ts'
import { SshSettings, type Answer, type Question } from '#contract/index.ts'
import { Backoff } from '#main/backoff.ts'
import { systemClock, type Clock } from '#main/clock.ts'
import { Log } from '#main/log/log.ts'
import { Credentials } from '#main/links/credentials.ts'
import { Dialer } from '#main/links/dialer.ts'
import { HostKeyStore } from '#main/links/host-key-store.ts'
import { SshLink } from '#main/links/link.ts'
import { Questions } from '#main/links/questions.ts'
import { noKeychain } from '#main/secrets/no-keychain.ts'
import { SecretStore, type Keychain } from '#main/secrets/secret-store.ts'
import type { Sshd } from './sshd.ts'

export interface TestLinksOptions {
  readonly folder: string
  /** Answers questions as a user would; null dismisses. Without it every host key is accepted and nothing else. */
  readonly answer?: (question: Question) => Answer | null
  readonly agent?: string
  /** More known_hosts files, read only. */
  readonly knownHosts?: readonly string[]
  readonly keychain?: Keychain
  readonly clock?: Clock
}

/** Links as main makes them, with a scripted user. */
export class TestLinks implements Disposable {
  readonly questions: Questions
  readonly credentials: Credentials
  readonly hostKeys: HostKeyStore
  readonly secrets: SecretStore
  /** Everything that was asked, in order. */
  readonly asked: Question[] = []
  readonly log: Log
  readonly logged: string[] = []
  readonly clock: Clock
  readonly #dialer: Dialer
  readonly #links = new Map<string, SshLink>()
  #lastId = 0

  constructor(options: TestLinksOptions) {
    this.clock = options.clock ?? systemClock
    this.log = new Log(this.clock, { write: (line) => this.logged.push(line) })
    this.questions = new Questions(this.clock, () => `${++this.#lastId}`)
    this.hostKeys = new HostKeyStore(join(options.folder, 'own_known_hosts'), options.knownHosts ?? [])
    this.secrets = new SecretStore(options.keychain ?? noKeychain('a test'), join(options.folder, 'secrets.json'))
    this.credentials = new Credentials(this.secrets, this.log)
    const { answer = (question) => (question.kind === 'hostKey' ? { texts: [], remember: false } : null) } = options
    this.questions.onChange((change) => {
      if (change.kind !== 'asked') return
      this.asked.push(change.question)
      queueMicrotask(() => this.questions.answer(change.question.id, answer(change.question)))
    })
    this.#dialer = new Dialer({
      hostKeys: this.hostKeys,
      credentials: this.credentials,
      questions: this.questions,
      clock: this.clock,
      sessionAgent: () => options.agent,
      home: options.folder,
      unlockVault: () => Promise.resolve(false),
    })
  }

  /** A link to a server, not connected yet. Later ones may name earlier ones as their jump host. */
  to(name: string, server: Pick<Sshd, 'address' | 'port'>, settings: Partial<SshSettings> = {}): SshLink {
    const host = HostId.parse(name)
    const ssh = SshSettings.parse({
      address: server.address,
      port: server.port,
      user: userInfo().username,
      ...settings,
    })
    const services = { dialer: this.#dialer, clock: this.clock, log: this.log, findLink: (id: HostId) => this.get(id) }
    const link = new SshLink(host, () => ({ host, name, ssh }), services, new Backoff({ firstMs: 50, limitMs: 1000 }))
    this.#links.set(host, link)
    return link
  }

  get(name: string): SshLink {
    const link = this.#links.get(name)
    if (!link) throw new Error(`no link to ${name}`)
    return link
  }

  [Symbol.dispose](): void {
    for (const link of this.#links.values()) link[Symbol.dispose]()
  }
}
