import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { HostId } from '#engine/protocol/ids.ts'
import { ForwardSettings, type ForwardState, type ForwardView, type LinkView } from '#contract/index.ts'
import { Backoff } from '#main/backoff.ts'
import { SavedForward } from '#main/forwards/saved-forward.ts'
import type { SshLink } from '#main/links/link.ts'
import { throughProxy } from '#main/links/proxy.ts'
import { TestLinks } from '../hosts/links.ts'
import { until } from '../fixtures/until.ts'
import { noSshd, SshLab, type Sshd } from '../hosts/sshd.ts'

const missing = noSshd()
const LOOPBACK = '127.0.0.1'
const portOf = (server: Server) => (server.address() as AddressInfo).port

describe.skipIf(missing !== null)(`saved port forwards over a real link${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let server: Sshd
  let links: TestLinks
  let link: SshLink
  let echo: Server
  const made: Disposable[] = []
  /** What the newest forward went through. */
  let states: ForwardState[]

  beforeAll(async () => {
    lab = new SshLab()
    const key = lab.key('user')
    server = await lab.start('a')
    server.authorize(key)
    links = new TestLinks({ folder: lab.folder })
    link = links.to('a', server, { keys: [key], auth: ['key'] })
    link.connect()
    await link.ready()
    echo = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => undefined).pipe(socket))
    await once(echo.listen(0, LOOPBACK), 'listening')
  })
  afterEach(() => {
    for (const one of made.splice(0)) one[Symbol.dispose]()
  })
  afterAll(async () => {
    echo.close()
    links[Symbol.dispose]()
    await lab[Symbol.asyncDispose]()
  })

  const forwardOf = (settings: unknown): SavedForward => {
    const record = { id: 'one', host: HostId.parse('a'), settings: ForwardSettings.parse(settings) }
    states = []
    const changed = ({ state }: ForwardView) => states.push(state)
    const services = { link: () => link, clock: links.clock, changed }
    const forward = new SavedForward(record, services, new Backoff({ firstMs: 50, limitMs: 200 }))
    made.push(
      forward,
      link.onChange((view) => forward.follow(view)),
    )
    return forward
  }
  const reaches = (forward: SavedForward, state: ForwardState) =>
    until(() => (forward.view.state === state ? forward.view : undefined), `the state ${state}`)
  /** Whether the link has been in a state since. */
  const watched = (state: LinkView['state']) => {
    let isSeen = false
    const held = link.onChange((view) => (isSeen ||= view.state === state))
    return { isSeen: () => isSeen, [Symbol.dispose]: () => held[Symbol.dispose]() }
  }
  const bytesCome = async (socket: Socket): Promise<boolean> => {
    const data = randomBytes(300_000)
    socket.end(data)
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).equals(data)
  }
  const proxied = async (port: number): Promise<Socket> => {
    const socket = connect(port, LOOPBACK)
    const proxy = { kind: 'socks5', host: LOOPBACK, port } as const
    const password = () => Promise.reject(new Error('none is asked for'))
    await throughProxy(socket, proxy, { host: LOOPBACK, port: portOf(echo) }, password)
    return socket
  }

  it.each(['local', 'remote', 'dynamic'] as const)(
    'carries bytes, before and after the link was lost: %s',
    async (kind) => {
      const forward = forwardOf({ kind, listen: { port: 0 }, target: { host: LOOPBACK, port: portOf(echo) } })
      const open = async () => {
        const { listening } = await reaches(forward, 'open')
        const port = listening?.port ?? 0
        return kind === 'dynamic' ? await proxied(port) : connect(port, LOOPBACK)
      }
      forward.start()
      expect(await bytesCome(await open())).toBe(true)

      const lasting = await open()
      await until(() => (forward.view.connections === 1 ? true : undefined), 'the count')
      lasting.on('error', () => undefined)
      server.killSessions()
      await until(() => (states.includes('waiting') ? true : undefined), 'the loss')
      if (!lasting.closed) await once(lasting, 'close')
      expect(await bytesCome(await open())).toBe(true)

      forward.stop()
      expect(forward.view).toMatchObject({ state: 'stopped', connections: 0 })
      expect(forward.view.listening).toBeUndefined()
    },
  )

  it.each(['local', 'dynamic', 'remote'] as const)(
    'tells that a port is taken, and opens it once it is free: %s',
    async (kind) => {
      const other = createServer()
      await once(other.listen(0, LOOPBACK), 'listening')
      const port = portOf(other)
      const forward = forwardOf({ kind, listen: { port }, target: { host: LOOPBACK, port: portOf(echo) } })
      forward.start()
      const { error } = await reaches(forward, 'failed')
      expect(error).toMatchObject({
        code: kind === 'remote' ? 'ssh.listenRefused' : 'ssh.portTaken',
        params: { address: LOOPBACK, port },
      })
      other.close()
      await once(other, 'close')
      expect((await reaches(forward, 'open')).listening).toEqual({ address: LOOPBACK, port })
    },
  )

  it('opens what is automatic with each new connection, and nothing else', async () => {
    const target = { host: LOOPBACK, port: portOf(echo) }
    const automatic = forwardOf({ kind: 'local', listen: { port: 0 }, target, isAutomatic: true })
    const manual = forwardOf({ kind: 'local', listen: { port: 0 }, target })
    manual.follow(link.view)
    automatic.follow(link.view)
    await reaches(automatic, 'open')
    expect(manual.view.state).toBe('stopped')

    link.disconnect()
    await reaches(automatic, 'stopped')
    expect(() => automatic.start()).toThrow(expect.objectContaining({ code: 'ssh.notConnected' }))
    link.connect()
    await reaches(automatic, 'open')

    // What the user has stopped stays stopped when the link comes back by itself.
    automatic.stop()
    using lost = watched('reconnecting')
    server.killSessions()
    await until(() => lost.isSeen() || undefined, 'the loss')
    await until(() => (link.view.state === 'ready' ? true : undefined), 'the return')
    expect(automatic.view.state).toBe('stopped')
  })
})
