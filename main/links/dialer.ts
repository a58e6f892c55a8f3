import { connect as connectSocket, type Socket } from 'node:net'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { AuthAttempt, SshSettings } from '#contract/index.ts'
import type { Clock } from '../clock.ts'
import { authCandidates } from './auth-candidates.ts'
import { Authentication } from './authentication.ts'
import type { Carrier } from './channel-socket.ts'
import { SshConnection } from './connection.ts'
import type { Credentials } from './credentials.ts'
import type { HostKeyStore } from './host-key-store.ts'
import { fingerprint, keyTypeOf } from './known-hosts.ts'
import { throughProxy } from './proxy.ts'
import type { QuestionDraft, Questions } from './questions.ts'
import { SecretAsker } from './secret-asker.ts'

/** Who is connected to. */
export interface LinkTarget {
  readonly host: HostId
  readonly name: string
  readonly ssh: SshSettings
}

export interface DialServices {
  readonly hostKeys: HostKeyStore
  readonly credentials: Credentials
  readonly questions: Questions
  readonly clock: Clock
  /** The agent of the session: a socket, a pipe, or `pageant`. */
  readonly sessionAgent: () => string | undefined
  readonly home: string
  readonly unlockVault: (signal: AbortSignal) => Promise<boolean>
}

export interface DialEvents {
  /** The key that the host showed, before it is judged. */
  onKey(key: Buffer): void
  onAttempts(attempts: readonly AuthAttempt[]): void
}

const CONNECT_TIMEOUT_MS = 15_000

/** Opens connections: the way there, the key of the host, and who the user is. */
export class Dialer {
  readonly #services: DialServices

  constructor(services: DialServices) {
    this.#services = services
  }

  /** `via` is the connection of the jump host, if there is one. Throws AppError. */
  async dial(
    target: LinkTarget,
    via: SshConnection | null,
    events: DialEvents,
    signal: AbortSignal,
  ): Promise<SshConnection> {
    const { host, name, ssh } = target
    const { questions, credentials, hostKeys, clock, home, sessionAgent } = this.#services
    const over = new AbortController()
    const lifetime = AbortSignal.any([signal, over.signal])
    let asking = 0
    const counted = async <T>(work: () => Promise<T>): Promise<T> => {
      asking++
      try {
        return await work()
      } finally {
        asking--
      }
    }
    const asker = (giveUp: (error: Error) => void) =>
      new SecretAsker(
        { host, hostName: name, user: ssh.user, signal: lifetime, giveUp, unlockVault: this.#services.unlockVault },
        credentials,
        { ask: (draft: QuestionDraft, until: AbortSignal) => counted(() => questions.ask(draft, until)) },
      )
    const carrier = await this.#carrier(
      target,
      via,
      asker(() => undefined),
      lifetime,
    )
    try {
      const connection = await SshConnection.open(
        carrier,
        {
          name,
          address: `${ssh.address}:${ssh.port}`,
          user: ssh.user,
          keepAliveSeconds: ssh.keepAliveSeconds,
          hostKeyAlgorithms: await hostKeys.algorithms(ssh.address, ssh.port),
          checkHostKey: (key) => counted(() => this.#checkKey(target, key, events, lifetime)),
          authenticate: (fail) =>
            new Authentication(
              { user: ssh.user, host: name },
              authCandidates({
                host,
                settings: ssh,
                asker: asker(fail),
                sessionAgent: sessionAgent(),
                home,
                now: () => clock.now(),
              }),
              fail,
            ),
          isAsking: () => asking > 0,
          clock,
        },
        (attempts) => events.onAttempts(attempts),
        signal,
      )
      return connection
    } catch (error) {
      carrier.destroy()
      throw error
    } finally {
      // Questions of an attempt that is over are withdrawn.
      over.abort()
    }
  }

  async #carrier(
    { name, ssh }: LinkTarget,
    via: SshConnection | null,
    asker: SecretAsker,
    signal: AbortSignal,
  ): Promise<Carrier> {
    const target = { host: ssh.address, port: ssh.port }
    if (via) {
      try {
        return await via.carrierTo(target)
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'ssh.channelRefused') throw error
        const reason = `${via.name}: ${error.params['reason']}`
        throw new AppError('ssh.unreachable', { host: name, address: `${target.host}:${target.port}`, reason })
      }
    }
    const { proxy } = ssh
    const socket = await this.#connect(name, proxy ?? target, signal)
    if (!proxy) return socket
    const what = 'proxy'
    try {
      await throughProxy(socket, proxy, target, async () => {
        const subject = { kind: 'proxyPassword', address: `${proxy.host}:${proxy.port}` } as const
        const asked = await asker.secret(what, subject, false)
        return asked.secret
      })
      return socket
    } catch (error) {
      socket.destroy()
      throw error
    }
  }

  async #connect(name: string, { host, port }: { host: string; port: number }, signal: AbortSignal): Promise<Socket> {
    const socket = connectSocket({ host, port, noDelay: true, keepAlive: true, autoSelectFamily: true })
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    const fail = (reason: string, cause?: Error) =>
      reject(new AppError('ssh.unreachable', { host: name, address: `${host}:${port}`, reason }, { cause }))
    const abort = () => reject(new AppError('cancelled'))
    using _deadline = this.#services.clock.after(CONNECT_TIMEOUT_MS, () =>
      fail(`no answer within ${CONNECT_TIMEOUT_MS / 1000} s`),
    )
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    socket.once('connect', () => resolve(undefined))
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message, error))
    try {
      await promise
      return socket
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** Throws why the key is not to be trusted. A new one is asked about, and written down when it is accepted. */
  async #checkKey(
    { host, name, ssh }: LinkTarget,
    key: Buffer,
    events: DialEvents,
    signal: AbortSignal,
  ): Promise<void> {
    const { hostKeys, questions } = this.#services
    events.onKey(key)
    const seen = fingerprint(key)
    const verdict = await hostKeys.check(ssh.address, ssh.port, key)
    if (verdict.kind === 'known') return
    if (verdict.kind === 'revoked') throw new AppError('ssh.hostKeyRevoked', { host: name, seen, place: verdict.place })
    if (verdict.kind === 'changed') {
      throw new AppError('ssh.hostKeyChanged', { host: name, known: verdict.known, place: verdict.place, seen })
    }
    const { hasAuthority } = verdict
    const address = `${ssh.address}:${ssh.port}`
    const draft = { host, hostName: name, address, keyType: keyTypeOf(key), fingerprint: seen, hasAuthority } as const
    const answer = await questions.ask({ kind: 'hostKey', ...draft }, signal)
    if (!answer) throw new AppError('ssh.hostKeyRefused', { host: name, fingerprint: seen })
    await hostKeys.trust(ssh.address, ssh.port, key)
  }
}
