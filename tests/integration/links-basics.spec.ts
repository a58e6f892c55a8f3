import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forwardDynamic, forwardLocal, forwardRemote } from '#main/links/forwards.ts'
import type { SshLink } from '#main/links/link.ts'
import { throughProxy } from '#main/links/proxy.ts'
import { TestLinks } from '../hosts/links.ts'
import { until } from '../fixtures/until.ts'
import { noSshd, SshLab, type Sshd } from '../hosts/sshd.ts'

const missing = noSshd()

describe.skipIf(missing !== null)(`a link to a real OpenSSH server${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let server: Sshd
  let links: TestLinks
  let link: SshLink

  beforeAll(async () => {
    lab = new SshLab()
    const key = lab.key('user')
    server = await lab.start('a')
    server.authorize(key)
    links = new TestLinks({ folder: lab.folder })
    link = links.to('a', server, { keys: [key] })
    link.connect()
    await link.ready()
  })

  afterAll(async () => {
    links[Symbol.dispose]()
    await lab[Symbol.asyncDispose]()
  })

  it('says how it got in', () => {
    expect(link.view).toMatchObject({
      state: 'ready',
      attempts: [{ method: 'key', detail: 'user', outcome: 'accepted' }],
    })
    expect(link.view.fingerprint).toMatch(/^SHA256:/)
    expect(links.asked.map(({ kind }) => kind)).toEqual(['hostKey'])
  })

  it('hands hostile arguments to a program as they are', async () => {
    const words = [`it's`, '$(id)', 'a\nb', '', '\\', '*', '你好', '`x`', '"q"', '!!', ' ']
    const { stdout, code } = await link.run(['printf', '%s\\0', ...words])
    expect(code).toBe(0)
    expect(stdout.toString()).toBe(words.map((word) => `${word}\0`).join(''))
  })

  it('reports exit codes and signals, and keeps the two outputs apart', async () => {
    const result = await link.run(['sh', '-c', 'echo out; echo err >&2; exit 7'])
    expect({ ...result, stdout: `${result.stdout}`, stderr: `${result.stderr}` }).toEqual({
      code: 7,
      signal: null,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect(await link.run(['sh', '-c', 'kill -9 $$'])).toMatchObject({ code: null, signal: 'KILL' })
  })

  it.each(['interactive', 'bulk'] as const)('carries 24 MiB there and back unchanged (%s)', async (priority) => {
    const data = randomBytes(24 * 1024 * 1024)
    const process = await link.exec(['cat'], { priority })
    process.stderr.resume()
    process.stdin.end(data)
    const hash = createHash('sha256')
    for await (const chunk of process.stdout) hash.update(chunk as Buffer)
    expect(await process.exit).toEqual({ code: 0, signal: null })
    expect(hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'))
  })

  it('runs many channels side by side', async () => {
    const all = Array.from({ length: 40 }, async (_, index) => {
      const { stdout } = await link.run(['sh', '-c', 'sleep 0.1; echo $1', 'sh', `${index}`])
      return Number(stdout.toString())
    })
    expect(await Promise.all(all)).toEqual(Array.from({ length: 40 }, (_, index) => index))
  })

  it('answers within a moment while bulk data fills the way', async () => {
    const medianMs = async () => {
      const times: number[] = []
      for (let index = 0; index < 5; index++) {
        const startedAt = performance.now()
        await link.run(['true'])
        times.push(performance.now() - startedAt)
      }
      return times.sort((a, b) => a - b)[2] ?? 0
    }
    const idleMs = await medianMs()
    const bulk = await link.exec(['sh', '-c', 'cat > /dev/null'], { priority: 'bulk' })
    const block = Buffer.alloc(1024 * 1024)
    let isOver = false
    const feeding = (async () => {
      while (!isOver) await new Promise((resolve) => bulk.stdin.write(block, resolve))
    })()
    const busyMs = await medianMs()
    isOver = true
    await feeding
    bulk.close()
    // Starting a program takes most of it, and longer on a busy machine.
    expect(busyMs).toBeLessThan(idleMs * 4 + 400)
  })

  it('takes input and output of a program away when it is no longer wanted', async () => {
    const abort = new AbortController()
    const process = await link.exec(['cat', '-', `${lab.folder}/user.pub`], { signal: abort.signal })
    abort.abort()
    await expect(process.exit).rejects.toMatchObject({ code: 'cancelled' })
    await until(
      async () => ((await link.run(['pgrep', '-f', `^cat - ${lab.folder}`])).code === 1 ? true : undefined),
      'its end',
    )
  })

  it('gives up a command after its time, and one that writes too much', async () => {
    await expect(link.run(['sleep', '60'], { timeoutMs: 200 })).rejects.toMatchObject({ code: 'ssh.commandTimeout' })
    await expect(link.run(['yes'], { maxBytes: 100_000 })).rejects.toMatchObject({ code: 'ssh.outputTooLong' })
    expect((await link.run(['true'])).code).toBe(0)
  })

  it('has a shell in a terminal of the size asked for', async () => {
    const shell = await link.shell({ columns: 91, rows: 33 })
    shell.stdin.write('stty size; exit\n')
    let text = ''
    for await (const chunk of shell.stdout) text += String(chunk)
    expect(text).toContain('33 91')
  })

  it('opens streams to ports of the host, and listens there', async () => {
    const seen: string[] = []
    using listener = await link.listen({ address: '127.0.0.1', port: 0 }, ({ stream }) => {
      stream.on('data', (data: Buffer) => {
        seen.push(String(data))
        stream.end('pong')
      })
    })
    const stream = await link.openStream({ host: '127.0.0.1', port: listener.port })
    stream.write('ping')
    let reply = ''
    for await (const chunk of stream) reply += String(chunk)
    expect([seen, reply]).toEqual([['ping'], 'pong'])
    await expect(link.openStream({ host: '127.0.0.1', port: 1 })).rejects.toMatchObject({ code: 'ssh.channelRefused' })
  })

  it('forwards ports of this computer, any address as a SOCKS proxy, and ports of the host', async () => {
    const echo = createServer({ allowHalfOpen: true }, (socket) =>
      socket.on('error', () => undefined).pipe(socket),
    ).listen(0, '127.0.0.1')
    await once(echo, 'listening')
    const target = { host: '127.0.0.1', port: (echo.address() as AddressInfo).port }
    const data = randomBytes(300_000)
    const sendThrough = async (socket: Socket) => {
      socket.end(data)
      const chunks: Buffer[] = []
      for await (const chunk of socket) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks).equals(data)
    }
    try {
      using local = await forwardLocal(link, 0, target)
      expect(await sendThrough(connect(local.port, '127.0.0.1'))).toBe(true)
      await expect(forwardLocal(link, local.port, target)).rejects.toMatchObject({ code: 'ssh.portTaken' })

      using dynamic = await forwardDynamic(link, 0)
      const proxy = { kind: 'socks5', host: '127.0.0.1', port: dynamic.port } as const
      const password = () => Promise.reject(new Error('none is asked for'))
      const socket = connect(dynamic.port, '127.0.0.1')
      await throughProxy(socket, proxy, target, password)
      expect(await sendThrough(socket)).toBe(true)
      const refused = connect(dynamic.port, '127.0.0.1')
      await expect(throughProxy(refused, proxy, { host: 'localhost', port: 1 }, password)).rejects.toMatchObject({
        code: 'ssh.proxyFailed',
        params: { reason: 'connection refused' },
      })
      refused.destroy()

      using remote = await forwardRemote(link, 0, target)
      expect(await sendThrough(connect(remote.port, '127.0.0.1'))).toBe(true)
      await expect(forwardRemote(link, remote.port, target)).rejects.toMatchObject({ code: 'ssh.listenRefused' })
    } finally {
      echo.close()
    }
  })

  it('lists folders over sftp', async () => {
    const sftp = await link.sftp()
    const names = await new Promise<string[]>((resolve, reject) => {
      sftp.readdir(lab.folder, (error, list) => (error ? reject(error) : resolve(list.map(({ filename }) => filename))))
    })
    sftp.end()
    expect(names).toContain('user.pub')
  })
})
