import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LOCAL_HOST } from '#engine/protocol/ids.ts'
import { systemClock } from '#main/clock.ts'
import { Engine } from '#main/engines/engine.ts'
import { LocalEngineLink } from '#main/engines/local-link.ts'
import { Log } from '#main/log/log.ts'
import { Relay } from '#main/relay/relay.ts'
import { until } from '../fixtures/until.ts'
import { HubServer } from '../unit/engine/hub/hub-server.ts'

const bundle = new URL('../../dist/engine/engine.mjs', import.meta.url).pathname
const weights = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) & 255))
const files = { 'config.json': Buffer.from('{}'), 'model.safetensors': weights }

let folder: string
let server: HubServer
let engine: Engine
let relay: Relay
let allowed: string[]
let logged: string[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'awb-relay-'))
  server = await HubServer.start({ 'owner/tiny': { files, large: ['model.safetensors'], token: 'hf_secret' } })
  allowed = [server.endpoint]
  logged = []
  const log = new Log(systemClock, { write: (line) => logged.push(line) })
  const command = { program: process.execPath, bundle, env: { AWB_HOME: join(folder, 'home') } }
  engine = new Engine(LOCAL_HOST, new LocalEngineLink(command, log), systemClock, log)
  relay = new Relay((_, url) => allowed.includes(url.origin), log)
  relay.follow(engine)
  engine.start()
  await engine.ready(undefined, 30_000)
  await until(() => readdirSync(join(folder, 'home')).includes('relay.sock'), 'the socket')
})
afterEach(async () => {
  engine[Symbol.dispose]()
  relay[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** A download in a process of its own whose only way out is the relay: every other one leads nowhere. */
async function download(): Promise<{ code: number; output: string }> {
  const nowhere = { http_proxy: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:9', no_proxy: '' }
  const env = {
    ...process.env,
    ...nowhere,
    AWB_HOME: join(folder, 'home'),
    HF_TOKEN: 'hf_secret',
    HF_ENDPOINT: server.endpoint,
  }
  const args = [bundle, 'checkpoint', 'download', 'owner/tiny', join(folder, 'out'), '--relay']
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const [code] = (await once(child, 'close')) as [number]
  return { code, output }
}

describe('a host without a network', () => {
  it('downloads through whoever is connected to its engine', async () => {
    const { code, output } = await download()
    expect(output).toContain('every file has the checksum that the hub names')
    expect(code).toBe(0)
    for (const [name, content] of Object.entries(files)) {
      expect(readFileSync(join(folder, 'out', name)).equals(content)).toBe(true)
    }
    // The other server behind the redirect sees no token.
    expect(server.leaked).toEqual([undefined])
  })

  it('goes on after connections that were cut', async () => {
    Object.assign(server.faults, { cutAfter: 100_000, cuts: 2 })
    expect((await download()).code).toBe(0)
    expect(readFileSync(join(folder, 'out', 'model.safetensors')).equals(weights)).toBe(true)
  })

  it('may ask only for what a plan says, and no secret is logged', async () => {
    allowed = []
    const { code, output } = await download()
    expect(code).toBe(1)
    expect(output).toContain('HTTP 403')
    expect(logged.join('\n')).toContain('relay.refused')
    expect(logged.join('\n')).not.toContain('hf_secret')
    expect(server.requests).toEqual([])
  })
})
