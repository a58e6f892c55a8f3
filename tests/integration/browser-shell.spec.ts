import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { connect } from '#engine/rpc/connect.ts'
import { implement } from '#engine/rpc/serve.ts'
import { call, topic } from '#engine/rpc/topic.ts'
import { Log } from '#main/log/log.ts'
import { BrowserShell } from '#main/shells/browser.ts'
import { SessionFile } from '#main/shells/session-file.ts'
import { webSocketTransport } from '#main/shells/websocket-transport.ts'
import { FakeClock } from '../fixtures/fakes/clock.ts'

const echo = topic('echo', { say: call(z.object({ text: z.string() }), z.object({ text: z.string() })) })

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

let folder: string
let clock: FakeClock
let shell: BrowserShell

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'awb-shell-'))
  mkdirSync(join(folder, 'renderer', 'assets'), { recursive: true })
  writeFileSync(join(folder, 'renderer', 'index.html'), '<!doctype html><title>page</title>')
  writeFileSync(join(folder, 'renderer', 'assets', 'app-1a2b.js'), 'export {}')
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  symlinkSync(join(folder, 'secret.txt'), join(folder, 'renderer', 'leak.txt'))
  clock = new FakeClock()
  shell = newShell()
  await shell.listen()
})

function newShell(port = 0): BrowserShell {
  return new BrowserShell({
    rendererDir: join(folder, 'renderer'),
    services: [implement(echo, { say: ({ text }) => ({ text }) })],
    log: new Log(clock, { write: () => undefined }),
    now: () => clock.now(),
    port,
    sessionFile: new SessionFile(join(folder, 'app', 'browser-shell.json')),
  })
}

afterEach(() => {
  shell[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

const origin = () => `http://127.0.0.1:${shell.port}`
const tokenOf = (url: string) => new URLSearchParams(new URL(url).hash.slice(1)).get('token') ?? ''

function ask(path: string, options: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
  const { method = 'GET', headers = {}, body } = options
  return new Promise<Answer>((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: shell.port, path, method, headers, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (text += part))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}

const exchange = (token: string, headers: Record<string, string> = { origin: origin() }) =>
  ask('/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ token }),
  })

const cookieOf = ({ headers }: Answer) => headers['set-cookie']?.[0]?.split(';')[0] ?? ''

/** Opens a socket; answers it, or the status with which it was refused. */
function openSocket(headers: Record<string, string>, path = '/socket'): Promise<WebSocket | number> {
  const socket = new WebSocket(`ws://127.0.0.1:${shell.port}${path}`, { headers })
  return new Promise((resolve) => {
    socket.on('open', () => resolve(socket))
    socket.on('unexpected-response', (request, response) => {
      request.destroy()
      resolve(response.statusCode ?? 0)
    })
    socket.on('error', () => undefined)
  })
}

async function openWithSession(): Promise<WebSocket> {
  const cookie = cookieOf(await exchange(tokenOf(shell.newUrl())))
  const socket = await openSocket({ cookie, origin: origin() })
  if (typeof socket === 'number') throw new Error(`refused with ${socket}`)
  return socket
}

const closingOf = (socket: WebSocket) => new Promise<number>((resolve) => socket.on('close', resolve))

describe('the way in', () => {
  it('leads from the printed URL to a socket that answers', async () => {
    const socket = await openWithSession()
    using connection = connect(webSocketTransport(socket))
    expect(await connection.topic(echo).say({ text: '你好' })).toEqual({ text: '你好' })
  })

  it('keeps working after a reload, by the cookie alone', async () => {
    const cookie = cookieOf(await exchange(tokenOf(shell.newUrl())))
    expect((await ask('/session', { headers: { cookie } })).status).toBe(204)
    expect(await openSocket({ cookie, origin: origin() })).toBeInstanceOf(WebSocket)
  })

  it('keeps working after a restart of the shell, at the same port, for a day', async () => {
    const { port } = shell
    const cookie = cookieOf(await exchange(tokenOf(shell.newUrl())))
    shell[Symbol.dispose]()
    shell = newShell()
    await shell.listen()
    expect(shell.port).toBe(port)
    const socket = await openSocket({ cookie, origin: origin() })
    expect(socket).toBeInstanceOf(WebSocket)
    await clock.advance(24 * 60 * 60_000)
    expect((await ask('/session', { headers: { cookie } })).status).toBe(401)
  })

  it('takes another port when somebody else has that of the last time', async () => {
    using other = newShell()
    await other.listen()
    expect(other.port).not.toBe(shell.port)
    await expect(newShell(shell.port).listen()).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('keeps no secret on disk, and its file from others', async () => {
    const token = tokenOf(shell.newUrl())
    const secret = cookieOf(await exchange(token)).split('=')[1] as string
    const path = join(folder, 'app', 'browser-shell.json')
    const content = readFileSync(path, 'utf8')
    expect(content).not.toContain(secret)
    expect(content).not.toContain(token)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('gives a cookie that no script and no other site can use', async () => {
    const answer = await exchange(tokenOf(shell.newUrl()))
    expect(answer.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it('refuses a wrong token', async () => {
    shell.newUrl()
    const answer = await exchange('x'.repeat(43))
    expect(answer.status).toBe(401)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it('refuses a token that was used', async () => {
    const token = tokenOf(shell.newUrl())
    expect((await exchange(token)).status).toBe(204)
    expect((await exchange(token)).status).toBe(401)
  })

  it('refuses a token that is five minutes old', async () => {
    const token = tokenOf(shell.newUrl())
    await clock.advance(5 * 60_000 + 1)
    expect((await exchange(token)).status).toBe(401)
  })

  it('refuses a body that is no token, too long, or of another type', async () => {
    const headers = { origin: origin(), 'content-type': 'application/json' }
    expect((await ask('/session', { method: 'POST', headers, body: '{"token":7}' })).status).toBe(400)
    expect((await ask('/session', { method: 'POST', headers, body: 'no json' })).status).toBe(400)
    expect((await ask('/session', { method: 'POST', headers, body: `"${'x'.repeat(5000)}"` })).status).toBe(413)
    const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
    expect((await ask('/session', { method: 'POST', headers: form, body: 'token=x' })).status).toBe(415)
  })
})

describe('a stranger', () => {
  it.each(['evil.example', 'localhost', '127.0.0.1', '[::1]', '127.0.0.1.nip.example'])(
    'gets nothing under the Host %s',
    async (name) => {
      const host = name === '127.0.0.1' ? '127.0.0.1:1' : `${name}:${shell.port}`
      expect((await ask('/', { headers: { host } })).status).toBe(403)
      const token = tokenOf(shell.newUrl())
      expect((await exchange(token, { host, origin: `http://${host}` })).status).toBe(403)
      const cookie = cookieOf(await exchange(token))
      expect(await openSocket({ host, cookie, origin: `http://${host}` })).toBe(403)
    },
  )

  it.each(['http://evil.example', 'null', 'https://127.0.0.1', 'http://127.0.0.1:1'])(
    'gets nothing from the Origin %s',
    async (foreign) => {
      const token = tokenOf(shell.newUrl())
      expect((await exchange(token, { origin: foreign })).status).toBe(403)
      const cookie = cookieOf(await exchange(token))
      expect((await ask('/', { headers: { origin: foreign } })).status).toBe(403)
      expect(await openSocket({ cookie, origin: foreign })).toBe(403)
    },
  )

  it('gets no session and no socket without an Origin', async () => {
    const token = tokenOf(shell.newUrl())
    expect((await exchange(token, {})).status).toBe(403)
    const cookie = cookieOf(await exchange(token))
    expect(await openSocket({ cookie })).toBe(403)
  })

  it('gets no socket without a session, or with a made-up one', async () => {
    expect(await openSocket({ origin: origin() })).toBe(401)
    const cookie = `awb-session-${shell.port}=${'x'.repeat(43)}`
    expect(await openSocket({ origin: origin(), cookie })).toBe(401)
  })

  it('gets no file for another site, but may link to the page', async () => {
    const cross = { 'sec-fetch-site': 'cross-site' }
    const script = { ...cross, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }
    expect((await ask('/assets/app-1a2b.js', { headers: script })).status).toBe(403)
    const frame = { ...cross, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }
    expect((await ask('/', { headers: frame })).status).toBe(403)
    const link = { ...cross, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    expect((await ask('/', { headers: link })).status).toBe(200)
  })

  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/..%5csecret.txt',
    '/assets/..%252f..%252fsecret.txt',
    '//secret.txt/../../secret.txt',
    '/C:/secret.txt',
    '/assets/%00',
    '/%c0%ae%c0%ae/secret.txt',
    '/leak.txt',
    '/assets',
    '/nothing.js',
  ])('does not read %s', async (path) => {
    const answer = await ask(path)
    expect(answer.status).toBe(404)
    expect(answer.body).toBe('')
  })

  it('is not served by another method', async () => {
    expect((await ask('/', { method: 'DELETE', headers: { origin: origin() } })).status).toBe(405)
    expect((await ask('/session', { method: 'PUT', headers: { origin: origin() } })).status).toBe(405)
  })

  it('finds nothing that listens outside loopback', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp({ host: '127.0.0.2', port: shell.port })
      socket.on('connect', () => {
        socket.destroy()
        resolve('connected')
      })
      socket.on('error', () => resolve('refused'))
    })
    expect(answer).toBe('refused')
  })
})

describe('the page', () => {
  it('comes with a policy that lets it reach its own origin only', async () => {
    const { headers, body } = await ask('/')
    expect(body).toContain('<title>page</title>')
    expect(headers['content-security-policy']).toBe(
      `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; ` +
        `connect-src 'self' ws://127.0.0.1:${shell.port}; worker-src 'self'; ` +
        `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    )
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    })
  })

  it('has typed assets that may be kept', async () => {
    const { headers } = await ask('/assets/app-1a2b.js')
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(headers['cache-control']).toContain('immutable')
  })
})

describe('a socket', () => {
  it('is closed by a frame over 4 MiB', async () => {
    const socket = await openWithSession()
    const closing = closingOf(socket)
    socket.send(JSON.stringify({ text: 'x'.repeat(4 * 1024 * 1024) }))
    expect(await closing).toBe(1009)
  })

  it.each(['no json', '7', 'null', '"text"'])('is closed by the frame %s', async (frame) => {
    const socket = await openWithSession()
    const closing = closingOf(socket)
    socket.send(frame)
    expect(await closing).toBe(1007)
  })

  it('is closed by a binary frame', async () => {
    const socket = await openWithSession()
    const closing = closingOf(socket)
    socket.send(Buffer.from('{}'))
    expect(await closing).toBe(1003)
  })

  it('is refused once there are many', async () => {
    const cookie = cookieOf(await exchange(tokenOf(shell.newUrl())))
    const headers = { cookie, origin: origin() }
    for (let i = 0; i < 16; i++) expect(await openSocket(headers)).toBeInstanceOf(WebSocket)
    expect(await openSocket(headers)).toBe(503)
  })

  it('is found at its own path only', async () => {
    const cookie = cookieOf(await exchange(tokenOf(shell.newUrl())))
    expect(await openSocket({ cookie, origin: origin() }, '/session')).toBe(404)
  })
})
