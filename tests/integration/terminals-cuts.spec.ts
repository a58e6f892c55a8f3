import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostId } from '#engine/protocol/ids.ts'
import { terminals, type TerminalInfo } from '#engine/protocol/terminals.ts'
import { Backoff } from '#main/backoff.ts'
import { systemClock } from '#main/clock.ts'
import { Engine } from '#main/engines/engine.ts'
import { followTerminal } from '#main/engines/follow.ts'
import { SshEngineLink } from '#main/engines/ssh-link.ts'
import type { SshLink } from '#main/links/link.ts'
import { sequence } from '../fixtures/sequence.ts'
import { until } from '../fixtures/until.ts'
import { TestLinks } from '../hosts/links.ts'
import { BreakableWay } from '../hosts/proxies.ts'
import { noSshd, SshLab, type Sshd } from '../hosts/sshd.ts'

const missing = noSshd() ?? (existsSync('/usr/bin/script') ? null : 'no program script (bsdutils)')
const bundle = new URL('../../dist/engine/engine.mjs', import.meta.url).pathname
/** More of them with AWB_TEST_CUTS=50. */
const CUTS = Number(process.env['AWB_TEST_CUTS'] ?? 5)
const sha = (data: Buffer | string) => createHash('sha256').update(data).digest('hex')
const encoded = (text: string) => Buffer.from(text).toString('base64')

describe.skipIf(missing !== null)(`terminals of a link that is cut${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let server: Sshd
  let way: BreakableWay
  let links: TestLinks
  let link: SshLink
  let engine: Engine

  beforeAll(async () => {
    lab = new SshLab()
    const key = lab.key('user')
    server = await lab.start('a')
    server.authorize(key)
    way = await new BreakableWay(server).listen()
    links = new TestLinks({ folder: lab.folder })
    link = links.to('a', way, { auth: ['key'], keys: [key] })
    const command = { argv: [process.execPath, bundle, 'serve'], env: { AWB_HOME: join(lab.folder, 'state') } }
    const remote = new SshEngineLink(link, () => Promise.resolve(command), links.log)
    engine = new Engine(HostId.parse('a'), remote, systemClock, links.log, new Backoff({ firstMs: 20, limitMs: 200 }))
    link.onChange(({ state }) => state === 'ready' && engine.start())
    link.connect()
    await link.ready()
  })
  afterAll(async () => {
    const client = await engine.client(terminals)
    for (const { id } of await client.list({})) await client.close({ id })
    await until(async () => (await client.list({})).length === 0 || undefined, 'the terminals to end')
    engine[Symbol.dispose]()
    links[Symbol.dispose]()
    await way[Symbol.asyncDispose]()
    await lab[Symbol.asyncDispose]()
  })

  /** At once, within the next packets, or at the far end. */
  const cut = (random: Generator<number, never>) => {
    const how = random.next().value
    if (how < 0.3) way.cut()
    else if (how < 0.8) way.cutAfterBytes = 1 + random.next().value * 40_000
    else server.killSessions()
  }
  const open = async (): Promise<TerminalInfo> =>
    await (await engine.client(terminals)).open({ columns: 100, rows: 30, container: null })
  const type = async ({ id }: TerminalInfo, text: string) =>
    await (await engine.client(terminals)).input({ id, data: encoded(text) })

  it(
    `lose and double no byte of a flood over ${CUTS} cuts`,
    async () => {
      const terminal = await open()
      const lines = CUTS * 400_000
      await type(terminal, `stty raw -echo; clear; printf 'start\\n'; seq 1 ${lines}; printf 'end\\n'; sleep 600\n`)
      const random = sequence(23)
      const chunks: Buffer[] = []
      let bytes = 0
      let cuts = 0
      let cutAt = 0
      for await (const { data, offset } of followTerminal(
        engine,
        { id: terminal.id, from: 0 },
        new AbortController().signal,
      )) {
        expect(offset).toBe(bytes)
        chunks.push(Buffer.from(data, 'base64'))
        bytes += chunks.at(-1)!.length
        if (chunks.at(-1)!.includes('end\n')) break
        if (cuts >= CUTS || bytes < cutAt) continue
        cuts++
        // The program could be through with more than is kept before the link is back.
        cutAt = bytes + random.next().value * 2_000_000
        cut(random)
      }
      expect(cuts).toBe(CUTS)
      const all = Buffer.concat(chunks)
      const shown = all.subarray(all.lastIndexOf('start\n') + 'start\n'.length, all.lastIndexOf('end\n'))
      const expected = Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join('')
      expect(shown.length).toBe(expected.length)
      expect(sha(shown)).toBe(sha(expected))
    },
    60_000 + CUTS * 5000,
  )

  it(
    `do what was typed once, or say that it did not arrive, over ${CUTS} cuts`,
    async () => {
      const terminal = await open()
      const reading = new AbortController()
      let text = ''
      const done = (async () => {
        for await (const { data } of followTerminal(engine, { id: terminal.id, from: 0 }, reading.signal)) {
          text += Buffer.from(data, 'base64').toString('latin1')
        }
      })()
      await type(terminal, 'stty -echo; PS1=\n')
      const random = sequence(29)
      const failed = new Set<number>()
      const count = CUTS * 8
      let cuts = 0
      for (let number = 0; number < count; number++) {
        if (cuts < CUTS && number >= (cuts + random.next().value) * 8) {
          cuts++
          setTimeout(() => cut(random), random.next().value * 5)
        }
        await type(terminal, `echo typed-${number}-$((1+1))\n`).catch(() => failed.add(number))
        await new Promise((resolve) => setTimeout(resolve, random.next().value * 4))
      }
      way.cutAfterBytes = Infinity
      const last = async () => {
        await type(terminal, 'echo last-$((1+1))\n').catch(() => undefined)
        return text.includes('last-2') || undefined
      }
      await until(last, 'the last line')
      reading.abort()
      await done
      for (let number = 0; number < count; number++) {
        const times = text.split(`typed-${number}-2\r\n`).length - 1
        if (failed.has(number)) expect(times).toBeLessThanOrEqual(1)
        else expect(times, `line ${number}`).toBe(1)
      }
    },
    60_000 + CUTS * 5000,
  )
})
