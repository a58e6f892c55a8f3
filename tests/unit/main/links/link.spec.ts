import { describe, expect, it } from 'vitest'
import { AppError } from '#engine/protocol/errors/index.ts'
import { HostId } from '#engine/protocol/ids.ts'
import { SshSettings } from '#contract/index.ts'
import { Backoff } from '#main/backoff.ts'
import { Log } from '#main/log/log.ts'
import type { SshConnection } from '#main/links/connection.ts'
import { SshLink, type LinkServices } from '#main/links/link.ts'
import { Questions } from '#main/links/questions.ts'
import { watchNetwork } from '#main/links/network-watch.ts'
import { FakeClock } from '../../../fixtures/fakes/clock.ts'

/** Enough turns for whatever waits on promises only. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 5))

class FakeDialer {
  readonly dialled: string[] = []
  error: Error | null = null
  end: (reason: AppError) => void = () => undefined

  async dial(target: { name: string }): Promise<SshConnection> {
    this.dialled.push(target.name)
    if (this.error) throw this.error
    const { promise, resolve } = Promise.withResolvers<AppError>()
    let isEnded = false
    this.end = (reason) => {
      isEnded = true
      resolve(reason)
    }
    const connection = {
      ended: promise,
      get isEnded() {
        return isEnded
      },
      [Symbol.dispose]: () => this.end(new AppError('cancelled')),
    }
    return connection as unknown as SshConnection
  }
}

function make(name: string, jump: SshLink | null = null) {
  const clock = new FakeClock()
  const dialer = new FakeDialer()
  const host = HostId.parse(name)
  const ssh = SshSettings.parse({ address: 'x', user: 'y', jump: jump?.host ?? null })
  const services: LinkServices = {
    dialer: dialer as unknown as LinkServices['dialer'],
    findLink: () => jump as SshLink,
    clock,
    log: new Log(clock, { write: () => undefined }),
  }
  const link = new SshLink(host, () => ({ host, name, ssh }), services, new Backoff({ firstMs: 1000, jitter: 0 }))
  return { clock, dialer, link }
}

const lost = new AppError('ssh.lost', { host: 'a', reason: 'cut' })

describe('a link', () => {
  it('comes back with growing delays, at once when asked to, and starts over after a good while', async () => {
    const { clock, dialer, link } = make('a')
    link.connect()
    await settle()
    expect(link.view.state).toBe('ready')
    dialer.error = new AppError('ssh.unreachable', { host: 'a', address: 'x', reason: 'down' })
    dialer.end(lost)
    await settle()
    expect(link.view).toMatchObject({ state: 'reconnecting', error: { code: 'ssh.lost' } })
    await clock.advance(999)
    expect(dialer.dialled).toHaveLength(1)
    await clock.advance(1)
    expect(dialer.dialled).toHaveLength(2)
    await clock.advance(1999)
    expect(dialer.dialled).toHaveLength(2)
    await clock.advance(1)
    expect(dialer.dialled).toHaveLength(3)
    dialer.error = null
    await link.check()
    await settle()
    expect(link.view.state).toBe('ready')
    link[Symbol.dispose]()
  })

  it('does not try again by itself what cannot get better', async () => {
    const { clock, dialer, link } = make('a')
    dialer.error = new AppError('ssh.hostKeyChanged', { host: 'a', known: '1', seen: '2', place: 'f' })
    link.connect()
    await settle()
    await clock.advance(600_000)
    expect(link.view).toMatchObject({ state: 'failed', error: { code: 'ssh.hostKeyChanged' } })
    expect(dialer.dialled).toHaveLength(1)
    await expect(link.ready()).rejects.toMatchObject({ code: 'ssh.hostKeyChanged', params: { seen: '2' } })
    dialer.error = null
    link.connect()
    await settle()
    expect(link.view.state).toBe('ready')
    link[Symbol.dispose]()
  })

  it('lets calls wait for it, but not for ever, and not when nobody wants it', async () => {
    const { clock, dialer, link } = make('a')
    await expect(link.ready()).rejects.toMatchObject({ code: 'ssh.notConnected', params: { state: 'idle' } })
    dialer.error = new AppError('ssh.unreachable', { host: 'a', address: 'x', reason: 'down' })
    link.connect()
    const waiting = expect(link.ready()).rejects.toMatchObject({ code: 'ssh.notConnected' })
    await clock.advance(15_000)
    await waiting
    const abort = new AbortController()
    const cancelled = expect(link.ready(abort.signal)).rejects.toMatchObject({ code: 'cancelled' })
    abort.abort()
    await cancelled
    link[Symbol.dispose]()
  })

  it('keeps its jump host while it needs it, and fails with it for good', async () => {
    const jump = make('jump')
    const { dialer, link } = make('a', jump.link)
    link.connect()
    await settle()
    expect([jump.link.view.state, link.view.state]).toEqual(['ready', 'ready'])
    link.disconnect()
    await settle()
    expect([jump.link.view.state, link.view.state]).toEqual(['idle', 'idle'])
    jump.dialer.error = new AppError('ssh.authFailed', { host: 'jump', user: 'y', attempts: '' })
    link.connect()
    await settle()
    expect(link.view).toMatchObject({ state: 'failed', error: { code: 'ssh.authFailed', params: { host: 'jump' } } })
    expect(dialer.dialled).toHaveLength(1)
  })
})

describe('questions', () => {
  it('wait for an answer, are withdrawn with their signal, and are answered once', async () => {
    let id = 0
    const questions = new Questions(new FakeClock(), () => `${++id}`)
    const changes: string[] = []
    using _watching = questions.onChange((change) => changes.push(change.kind))
    const draft = { kind: 'vault', host: null, hostName: '', wasWrong: false } as const
    const first = questions.ask(draft, new AbortController().signal)
    expect(questions.answer('1', { texts: ['x'], remember: false })).toBe(true)
    expect(await first).toEqual({ texts: ['x'], remember: false })
    expect(questions.answer('1', null)).toBe(false)
    const abort = new AbortController()
    const second = expect(questions.ask(draft, abort.signal)).rejects.toMatchObject({ code: 'cancelled' })
    abort.abort()
    await second
    expect(questions.list()).toEqual([])
    expect(changes).toEqual(['asked', 'closed', 'asked', 'closed'])
  })
})

describe('the watch over the network', () => {
  it('tells of another network and of a wake, not of time going by', async () => {
    const clock = new FakeClock()
    let network = 'wifi'
    let changes = 0
    using _watch = watchNetwork(
      clock,
      () => changes++,
      () => network,
    )
    await clock.advance(20_000)
    expect(changes).toBe(0)
    network = 'cable'
    await clock.advance(5000)
    expect(changes).toBe(1)
  })
})
