import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Answer, Question, SshSettings } from '#contract/index.ts'
import type { SshLink } from '#main/links/link.ts'
import { fingerprint } from '#main/links/known-hosts.ts'
import { TestLinks } from '../hosts/links.ts'
import { TestProxy } from '../hosts/proxies.ts'
import { noSshd, SshLab, type Sshd } from '../hosts/sshd.ts'
import { until } from '../fixtures/until.ts'

const missing = noSshd()

async function settled(link: SshLink) {
  link.connect()
  return await until(() => (link.view.state === 'connecting' ? undefined : link.view), 'the link')
}

describe.skipIf(missing !== null)(`the way to a host${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let key: string
  const open: AsyncDisposable[] = []
  const made: TestLinks[] = []

  beforeAll(() => {
    lab = new SshLab()
    key = lab.key('user')
  })

  afterEach(async () => {
    for (const links of made.splice(0)) links[Symbol.dispose]()
    for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
  })

  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  let number = 0
  const linksWith = (
    answer?: (question: Question) => Answer | null,
    knownHosts: readonly string[] = [],
  ): TestLinks & { folder: string } => {
    const folder = join(lab.folder, `home-${++number}`)
    mkdirSync(folder)
    const links = new TestLinks({ folder, knownHosts, ...(answer ? { answer } : {}) })
    made.push(links)
    return Object.assign(links, { folder })
  }
  const start = async (address = '127.0.0.1', config = {}): Promise<Sshd> => {
    const server = await lab.start(`server-${++number}`, { address, config })
    server.authorize(key)
    return server
  }
  const own: Partial<SshSettings> = { auth: ['key'], keys: [] }
  const settings = (more: Partial<SshSettings> = {}) => ({ ...own, keys: [key], ...more })
  const seen = (server: Sshd) => fingerprint(Buffer.from(server.hostKey, 'base64'))

  describe('with its key', () => {
    it('asks once about a new key, writes it down for the owner only, and knows it then', async () => {
      const server = await start()
      const links = linksWith()
      expect((await settled(links.to('a', server, settings()))).fingerprint).toBe(seen(server))
      const file = join(links.folder, 'own_known_hosts')
      expect(readFileSync(file, 'utf8')).toBe(`[127.0.0.1]:${server.port} ssh-ed25519 ${server.hostKey}\n`)
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect((await settled(links.to('again', server, settings()))).state).toBe('ready')
      expect(links.asked).toMatchObject([{ kind: 'hostKey', fingerprint: seen(server), keyType: 'ssh-ed25519' }])
    })

    it('does not connect when the key is not accepted, and writes nothing', async () => {
      const server = await start()
      const links = linksWith(() => null)
      const view = await settled(links.to('a', server, settings()))
      expect(view).toMatchObject({ state: 'failed', error: { code: 'ssh.hostKeyRefused' }, attempts: [] })
      expect(() => statSync(join(links.folder, 'own_known_hosts'))).toThrow(/ENOENT/)
      expect(server.log).not.toMatch(/Accepted|Failed/)
    })

    it('refuses a changed key with both shown, until the new one is trusted', async () => {
      const server = await start()
      const links = linksWith()
      const link = links.to('a', server, settings())
      await settled(link)
      const before = seen(server)
      link.disconnect()
      await server.stop()
      server.newHostKey()
      await server.start()
      const view = await settled(link)
      expect(view).toMatchObject({
        state: 'failed',
        fingerprint: seen(server),
        error: { code: 'ssh.hostKeyChanged', params: { known: before, seen: seen(server) } },
      })
      expect(server.log.split('Server listening').at(-1)).not.toMatch(/Accepted/)
      await links.hostKeys.trust(server.address, server.port, link.lastKey ?? Buffer.alloc(0))
      expect((await settled(link)).state).toBe('ready')
      expect(links.asked).toHaveLength(1)
    })

    it.each(['plain', 'hashed', 'a pattern'] as const)('knows it from the files of the user: %s', async (how) => {
      const server = await start()
      const name = `[127.0.0.1]:${server.port}`
      const salt = randomBytes(20)
      const hashed = `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
      const names = { plain: `other,${name}`, hashed, 'a pattern': `!*.2,[127.0.0.?]:*` }[how]
      const file = join(lab.folder, `known-${++number}`)
      writeFileSync(file, `# comment\n${names} ssh-ed25519 ${server.hostKey} somebody\n`)
      const links = linksWith(() => null, [file])
      expect((await settled(links.to('a', server, settings()))).state).toBe('ready')
      expect(links.asked).toEqual([])
    })

    it('refuses a revoked key wherever it is marked, also when another line trusts it', async () => {
      const server = await start()
      const file = join(lab.folder, `revoked-${++number}`)
      const name = `[127.0.0.1]:${server.port}`
      const line = `${name} ssh-ed25519 ${server.hostKey}`
      writeFileSync(file, `${line}\n@revoked * ssh-ed25519 ${server.hostKey}\n`)
      const view = await settled(linksWith(undefined, [file]).to('a', server, settings()))
      expect(view).toMatchObject({
        state: 'failed',
        error: { code: 'ssh.hostKeyRevoked', params: { seen: seen(server), place: `${file}:2` } },
      })
    })

    it('says that an authority is not asked, and asks the user', async () => {
      const server = await start()
      const file = join(lab.folder, `authority-${++number}`)
      writeFileSync(file, `@cert-authority * ssh-ed25519 ${server.hostKey}\n`)
      const links = linksWith(undefined, [file])
      await settled(links.to('a', server, settings()))
      expect(links.asked).toMatchObject([{ kind: 'hostKey', hasAuthority: true }])
    })

    it('asks a server with several keys for the one that is known', async () => {
      const second = lab.key('host-rsa', { type: 'rsa' })
      const server = await start('127.0.0.1', { HostKey: second })
      const line = readFileSync(`${second}.pub`, 'utf8').split(' ').slice(0, 2).join(' ')
      const file = join(lab.folder, `several-${++number}`)
      writeFileSync(file, `[127.0.0.1]:${server.port} ${line}\n`)
      expect((await settled(linksWith(() => null, [file]).to('a', server, settings()))).state).toBe('ready')
    })
  })

  describe('through others', () => {
    it('goes through two jump hosts, each with a key and a login of its own, and shares them', async () => {
      const [first, second, last] = [await start('127.0.0.2'), await start('127.0.0.3'), await start('127.0.0.4')]
      const links = linksWith()
      links.to('first', first, settings())
      links.to('second', second, settings({ jump: 'first' as never }))
      const link = links.to('last', last, settings({ jump: 'second' as never }))
      const other = links.to('other', last, settings({ jump: 'second' as never }))
      expect((await settled(link)).state).toBe('ready')
      await settled(other)
      await until(() => (other.view.state === 'ready' ? true : undefined), 'the other one')
      expect((await link.run(['sh', '-c', 'echo $SSH_CONNECTION'])).stdout.toString()).toContain(
        `127.0.0.4 ${last.port}`,
      )
      expect(first.log.match(/Accepted publickey/g)).toHaveLength(1)
      expect(second.log.match(/Accepted publickey/g)).toHaveLength(1)
      expect(links.asked.map(({ hostName }) => hostName)).toEqual(['first', 'second', 'last'])
      const data = randomBytes(8 * 1024 * 1024)
      const { stdout } = await link.run(['cat'], { input: data, maxBytes: data.length })
      expect(stdout.equals(data)).toBe(true)

      link.disconnect()
      expect(links.get('second').view.state).toBe('ready')
      other.disconnect()
      await until(() => (links.get('first').view.state === 'idle' ? true : undefined), 'the end of the jump hosts')
    })

    it('comes back with all its jump hosts when the first one loses its sessions', async () => {
      const [first, last] = [await start('127.0.0.2'), await start('127.0.0.3')]
      const links = linksWith()
      links.to('first', first, settings())
      const link = links.to('last', last, settings({ jump: 'first' as never }))
      await settled(link)
      first.killSessions()
      await until(() => (link.view.state === 'reconnecting' ? true : undefined), 'the loss')
      await until(() => (link.view.state === 'ready' ? true : undefined), 'the return')
      expect((await link.run(['echo', 'back'])).stdout.toString()).toBe('back\n')
    })

    it('says which hop does not lead on', async () => {
      const first = await start('127.0.0.2')
      const links = linksWith()
      links.to('first', first, settings())
      const link = links.to('last', { address: '127.0.0.1', port: 1 }, settings({ jump: 'first' as never }))
      const view = await settled(link)
      expect(view).toMatchObject({ state: 'reconnecting', error: { code: 'ssh.unreachable' } })
      expect(view.error?.message).toContain('first: ')
    })

    it.each(['socks5', 'http'] as const)('goes through a %s proxy, also one with a password', async (kind) => {
      const server = await start()
      for (const login of [null, { user: 'me', password: 'gu:ess' }]) {
        const proxy = await new TestProxy(login).listen()
        open.push(proxy)
        const links = linksWith((question) => {
          if (question.kind === 'proxyPassword') return { texts: ['gu:ess'], remember: false }
          return question.kind === 'hostKey' ? { texts: [], remember: false } : null
        })
        const way = { kind, host: proxy.address, port: proxy.port, ...(login ? { user: login.user } : {}) }
        const link = links.to('a', server, settings({ proxy: way }))
        expect(await settled(link)).toMatchObject({ state: 'ready' })
        expect(proxy.targets).toEqual([`127.0.0.1:${server.port}`])
        expect((await link.run(['echo', 'x'])).stdout.toString()).toBe('x\n')
      }
    })

    it.each(['socks5', 'http'] as const)('says what a %s proxy refuses', async (kind) => {
      const proxy = await new TestProxy({ user: 'me', password: 'x' }).listen()
      open.push(proxy)
      const server = await start()
      const refused = settings({ proxy: { kind, host: proxy.address, port: proxy.port } })
      expect(await settled(linksWith().to('a', server, refused))).toMatchObject({ error: { code: 'ssh.proxyFailed' } })
    })
  })

  it('says that nobody listens, and keeps trying until somebody does', async () => {
    const server = await start()
    await server.stop()
    const link = linksWith().to('a', server, settings())
    expect(await settled(link)).toMatchObject({
      state: 'reconnecting',
      error: { code: 'ssh.unreachable', params: { reason: 'ECONNREFUSED' } },
    })
    await server.start()
    await until(() => (link.view.state === 'ready' ? true : undefined), 'the server')
  })
})
