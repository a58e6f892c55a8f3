import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostId, JobId } from '#engine/protocol/ids.ts'
import { jobs } from '#engine/protocol/jobs.ts'
import { Backoff } from '#main/backoff.ts'
import { systemClock, type Clock } from '#main/clock.ts'
import { Engine } from '#main/engines/engine.ts'
import { followOutput } from '#main/engines/follow.ts'
import { SshEngineLink } from '#main/engines/ssh-link.ts'
import type { SshLink } from '#main/links/link.ts'
import { TestLinks } from '../hosts/links.ts'
import { BreakableWay } from '../hosts/proxies.ts'
import { noSshd, SshLab, type Sshd } from '../hosts/sshd.ts'
import { sequence } from '../fixtures/sequence.ts'
import { until } from '../fixtures/until.ts'

const missing = noSshd()
const root = new URL('../..', import.meta.url).pathname
/** More of them with AWB_TEST_CUTS=50. */
const CUTS = Number(process.env['AWB_TEST_CUTS'] ?? 8)

const sha = (data: Buffer | string) => createHash('sha256').update(data).digest('hex')

describe.skipIf(missing !== null)(`a link that is cut${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let server: Sshd
  let way: BreakableWay
  let key: string
  const made: TestLinks[] = []

  beforeAll(async () => {
    lab = new SshLab()
    key = lab.key('user')
    server = await lab.start('a')
    server.authorize(key)
    way = await new BreakableWay(server).listen()
  })

  afterAll(async () => {
    for (const links of made) links[Symbol.dispose]()
    await way[Symbol.asyncDispose]()
    await lab[Symbol.asyncDispose]()
  })

  let number = 0
  const linkWith = (clock?: Clock): SshLink => {
    const folder = join(lab.folder, `home-${++number}`)
    mkdirSync(folder)
    const links = new TestLinks({ folder, ...(clock ? { clock } : {}) })
    made.push(links)
    return links.to('a', way, { auth: ['key'], keys: [key] })
  }

  it(`loses and doubles no byte of a job's output over ${CUTS} cuts`, async () => {
    const link = linkWith()
    const command = {
      argv: [process.execPath, join(root, 'dist/engine/engine.mjs'), 'serve'],
      env: { AWB_HOME: join(lab.folder, 'state') },
    }
    const remote = new SshEngineLink(link, () => Promise.resolve(command), made.at(-1)!.log)
    const backoff = new Backoff({ firstMs: 20, limitMs: 200 })
    using engine = new Engine(HostId.parse('a'), remote, systemClock, made.at(-1)!.log, backoff)
    link.onChange(({ state }) => state === 'ready' && engine.start())
    link.connect()
    await link.ready()
    const lines = CUTS * 60_000
    const id = JobId.parse('cut')
    const client = await engine.client(jobs)
    await client.submit({
      id,
      title: { en: 'Count', 'zh-CN': '计数' },
      run: { kind: 'script', script: `seq 1 ${lines}\n` },
    })
    const random = sequence(7)
    let cuts = 0
    const chunks: Buffer[] = []
    let bytes = 0
    let cutAt = 0
    for await (const { data, offset } of followOutput(engine, { id, from: 0 }, new AbortController().signal)) {
      expect(offset).toBe(bytes)
      chunks.push(Buffer.from(data, 'base64'))
      bytes += chunks.at(-1)!.length
      if (cuts >= CUTS || bytes < cutAt) continue
      cuts++
      cutAt = bytes + random.next().value * 150_000
      // At once, within the next packets, or at the far end.
      const how = random.next().value
      if (how < 0.3) way.cut()
      else if (how < 0.8) way.cutAfterBytes = 1 + random.next().value * 40_000
      else server.killSessions()
    }
    expect(cuts).toBe(CUTS)
    const expected = Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join('')
    expect(bytes).toBe(expected.length)
    expect(sha(Buffer.concat(chunks))).toBe(sha(expected))
  }, 180_000)

  it('tells a cut output from a whole one, so that a download by offset is exact', async () => {
    const data = randomBytes(6 * 1024 * 1024)
    const file = join(lab.folder, 'data')
    writeFileSync(file, data)
    const link = linkWith()
    link.connect()
    const random = sequence(11)
    const chunks: Buffer[] = []
    let bytes = 0
    let cuts = 0
    for (let isWhole = false; !isWhole;) {
      await link.ready(undefined, 30_000)
      if (cuts < 6) way.cutAfterBytes = 5000 + random.next().value * 1_500_000
      try {
        const process = await link.exec(['tail', '-c', `+${bytes + 1}`, file], { priority: 'bulk' })
        process.stderr.resume()
        for await (const chunk of process.stdout) {
          chunks.push(chunk as Buffer)
          bytes += (chunk as Buffer).length
        }
        expect(await process.exit).toEqual({ code: 0, signal: null })
        isWhole = true
      } catch (error) {
        expect(error).toMatchObject({
          code: expect.stringMatching(/^ssh\.(lost|notConnected|unreachable|channelRefused)$/),
        })
        cuts++
      }
    }
    way.cutAfterBytes = Infinity
    expect(cuts).toBeGreaterThan(3)
    expect(bytes).toBe(data.length)
    expect(sha(Buffer.concat(chunks))).toBe(sha(data))
  }, 120_000)

  it('is noticed when neither side hears anything any more, and comes back when the way is open again', async () => {
    // Ten times as fast as the clock on the wall.
    const fast: Clock = {
      now: () => Date.now(),
      monotonicMs: () => performance.now() * 10,
      after: (ms, action) => systemClock.after(ms / 10, action),
    }
    const link = linkWith(fast)
    link.connect()
    await link.ready()
    const startedAt = performance.now()
    way.goDark()
    await until(() => (link.view.state === 'reconnecting' ? true : undefined), 'the loss', 5000)
    expect(link.view.error).toMatchObject({ code: 'ssh.silent' })
    expect(performance.now() - startedAt).toBeLessThan(1500)
    way.isDark = false
    await link.check()
    await until(() => (link.view.state === 'ready' ? true : undefined), 'the return')
  })

  it('is noticed at once after a wake, without waiting for the silence', async () => {
    const link = linkWith()
    link.connect()
    await link.ready()
    await link.check()
    expect(link.view.state).toBe('ready')
    way.goDark()
    const startedAt = performance.now()
    await link.check()
    await until(() => (link.view.error?.code === 'ssh.silent' ? true : undefined), 'the loss', 1000)
    expect(performance.now() - startedAt).toBeLessThan(5000)
    way.isDark = false
    await until(() => (link.view.state === 'ready' ? true : undefined), 'the return')
  })
})
