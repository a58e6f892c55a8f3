import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LOCAL_HOST } from '#engine/protocol/ids.ts'
import { terminals, type TerminalInfo } from '#engine/protocol/terminals.ts'
import type { Client } from '#engine/rpc/topic.ts'
import { systemClock } from '#main/clock.ts'
import { Engine } from '#main/engines/engine.ts'
import { LocalEngineLink } from '#main/engines/local-link.ts'
import { Log } from '#main/log/log.ts'
import { until } from '../fixtures/until.ts'

const bundle = new URL('../../dist/engine/engine.mjs', import.meta.url).pathname
const missing = existsSync('/usr/bin/script') ? null : 'no program script (bsdutils)'
const sha = (data: Buffer) => createHash('sha256').update(data).digest('hex')
const bytes = (text: string): string => Buffer.from(text).toString('base64')

describe.skipIf(missing !== null)(`terminals of a host${missing ? ` (${missing})` : ''}`, () => {
  let home: string
  let engine: Engine
  let client: Client<(typeof terminals)['members']>
  let readers: AbortController

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'awb-tty-'))
    readers = new AbortController()
    const log = new Log(systemClock, { write: () => undefined })
    const env = { AWB_HOME: home, SHELL: '/bin/sh', PS1: '$ ' }
    engine = new Engine(
      LOCAL_HOST,
      new LocalEngineLink({ program: process.execPath, bundle, env }, log),
      systemClock,
      log,
    )
    engine.start()
    client = await engine.client(terminals)
  })
  afterEach(async () => {
    readers.abort()
    client = await engine.client(terminals)
    for (const { id } of await client.list({})) await client.close({ id })
    await until(async () => ((await client.list({})).length === 0 ? true : undefined), 'the terminals to end')
    engine[Symbol.dispose]()
    rmSync(home, { recursive: true, force: true })
  })

  /** Follows a terminal from an offset; what came so far, and where it ends. */
  function follow({ id }: TerminalInfo, from = 0, signal = readers.signal) {
    const seen = {
      text: '',
      start: -1,
      end: from,
      exitCode: undefined as number | null | undefined,
      bytes: 0,
    }
    const done = (async () => {
      for await (const { offset, data, exitCode } of client.output({ id, from }, { signal })) {
        const chunk = Buffer.from(data, 'base64')
        if (seen.start < 0) seen.start = offset
        else if (offset !== seen.end) throw new Error(`from ${seen.end} to ${offset}`)
        seen.end = offset + chunk.length
        seen.bytes += chunk.length
        seen.text = (seen.text + chunk.toString('latin1')).slice(-20_000)
        seen.exitCode = exitCode
      }
    })()
    done.catch(() => undefined)
    return {
      seen,
      done,
      shows: (text: string) => until(() => (seen.text.includes(text) ? true : undefined), `"${text}"`),
    }
  }
  const open = () => client.open({ columns: 100, rows: 30 })
  const type = (terminal: TerminalInfo, text: string) => client.input({ id: terminal.id, data: bytes(text) })

  it('end when their folder is deleted, as nobody can reach them then', async () => {
    const terminal = await open()
    const folder = join(home, 'terminals', terminal.id)
    const said = () => (existsSync(join(folder, 'pid')) ? readFileSync(join(folder, 'pid'), 'utf8') : '')
    const pid = Number(await until(() => said() || undefined, 'the keeper'))
    await type(terminal, 'trap "" HUP; yes\n')
    rmSync(folder, { recursive: true })
    await until(() => (existsSync(`/proc/${pid}`) ? undefined : true), 'the end of the keeper')
  })

  it('are shells in a terminal of their size, which can change', async () => {
    const terminal = await open()
    const screen = follow(terminal)
    await type(terminal, 'stty size; test -t 0 && echo is-a-$((1+1))-tty\n')
    await screen.shows('30 100')
    await screen.shows('is-a-2-tty')
    await client.resize({ id: terminal.id, columns: 77, rows: 11 })
    await type(terminal, 'stty size; tput -T xterm-256color longname; echo $TERM\n')
    await screen.shows('11 77')
    await screen.shows('xterm-256color')
  })

  it('end with the exit status of the shell, and leave nothing behind', async () => {
    const terminal = await open()
    const screen = follow(terminal)
    await type(terminal, 'exit 7\n')
    await screen.done
    expect(screen.seen.exitCode).toBe(7)
    await until(() => (readdirSync(join(home, 'terminals')).length === 0 ? true : undefined), 'the folder to go')
    const refusal = () =>
      type(terminal, 'x').then(
        () => undefined,
        ({ code }: { code: string }) => code,
      )
    expect(await until(refusal, 'a refusal')).toBe('terminal.unknown')
  })

  it('lose no byte of 100 MB', async () => {
    const file = join(home, 'large')
    const piece = randomBytes(750_000).toString('base64')
    for (let part = 0; part < 100; part++) writeFileSync(file, `${part} ${piece}\n`, { flag: 'a' })
    const { size } = statSync(file)
    expect(size).toBeGreaterThan(100_000_000)
    const terminal = await open()
    // In one line, because shells talk to the terminal before each prompt.
    await type(terminal, `stty raw -echo; echo ready-$((1+1)); cat '${file}'; sleep 600\n`)
    const chunks: Buffer[] = []
    let bytes = 0
    let begin = -1
    for await (const { offset, data } of client.output({ id: terminal.id, from: 0 }, { signal: readers.signal })) {
      expect(offset).toBe(bytes)
      chunks.push(Buffer.from(data, 'base64'))
      bytes += chunks.at(-1)!.length
      if (begin < 0) begin = Buffer.concat(chunks).indexOf('ready-2\n') + 'ready-2\n'.length
      if (begin < 'ready-2\n'.length) begin = -1
      else if (bytes >= begin + size) break
    }
    expect(bytes).toBe(begin + size)
    expect(sha(Buffer.concat(chunks).subarray(begin))).toBe(sha(readFileSync(file)))
  })

  it('answer Ctrl-C while something floods them, and another one answers meanwhile', async () => {
    const [terminal, other] = [await open(), await open()]
    const [screen, beside] = [follow(terminal), follow(other)]
    await type(other, 'stty -echo; PS1=; echo here-$((1+1))\n')
    await beside.shows('here-2')
    await type(terminal, 'yes\n')
    await until(() => (screen.seen.bytes > 1_000_000 ? true : undefined), 'a flood')
    const answers = async (number: number) => {
      const startedAt = performance.now()
      await type(other, `echo beside-${number}-$((1+1))\n`)
      await beside.shows(`beside-${number}-2`)
      return performance.now() - startedAt
    }
    // What a user would notice is measured by the benchmark; here it must not take as long as the flood.
    for (let number = 0; number < 5; number++) expect(await answers(number)).toBeLessThan(5000)
    const floodedTo = screen.seen.bytes
    await until(() => (screen.seen.bytes > floodedTo + 1_000_000 ? true : undefined), 'more of the flood')
    const startedAt = performance.now()
    await type(terminal, '\x03')
    await type(terminal, 'echo quiet-$((1+1))\n')
    await screen.shows('quiet-2')
    expect(performance.now() - startedAt).toBeLessThan(5000)
  })

  it('wait for who lost his connection, and not for who left', async () => {
    const [terminal, abandoned] = [await open(), await open()]
    const flag = (name: string) => join(home, name)
    const flood = (name: string) =>
      `head -c 9000000 /dev/zero | tr '\\0' 'x'; touch '${flag(name)}'; echo done-$((1+1))\n`
    const screen = follow(terminal)
    const leaving = new AbortController()
    const looked = follow(abandoned, 0, leaving.signal)
    await type(abandoned, 'echo seen-$((1+1))\n')
    await looked.shows('seen-2')
    await type(terminal, 'stty -opost -echo; PS1=; echo first-$((1+1))\n')
    await screen.shows('first-2')
    leaving.abort()
    const { end } = screen.seen
    await type(terminal, `sleep 1; ${flood('waited')}`)
    engine.restart()
    client = await engine.client(terminals)
    await type(abandoned, flood('left'))
    await until(() => existsSync(flag('left')) || undefined, 'the flood that nobody looks at')
    expect(existsSync(flag('waited'))).toBe(false)
    const again = follow(terminal, end)
    await again.shows('done-2')
    expect(again.seen.start).toBe(end)
    expect(again.seen.bytes).toBeGreaterThanOrEqual(9_000_000)
  })

  it('go on without the engine, and are replayed', async () => {
    const terminal = await open()
    const screen = follow(terminal)
    await type(terminal, 'echo before-$((1+1)); sleep 1; echo after-$((1+1))\n')
    await screen.shows('before-2')
    const { end } = screen.seen
    engine.restart()
    client = await engine.client(terminals)
    expect(await client.list({})).toEqual([terminal])
    const again = follow(terminal, end)
    await again.shows('after-2')
    expect(again.seen.start).toBe(end)
    const fromStart = follow(terminal)
    await fromStart.shows('after-2')
    expect(fromStart.seen.text).toContain('before-2')
  })

  it('keep the newest bytes for those who come late', async () => {
    const terminal = await open()
    await type(
      terminal,
      "head -c 9000000 /dev/zero | tr '\\0' 'x'; echo done-$((1+1)); touch '" + join(home, 'flag') + "'\n",
    )
    await until(() => (existsSync(join(home, 'flag')) ? true : undefined), 'the flood to end without a reader')
    const late = follow(terminal)
    await late.shows('done-2')
    expect(late.seen.start).toBeGreaterThan(0)
  })

  it('are private to their user', async () => {
    const terminal = await open()
    const folder = join(home, 'terminals', terminal.id)
    expect(statSync(folder).mode & 0o077).toBe(0)
    expect(statSync(join(folder, 'socket')).mode & 0o077).toBe(0)
  })
})
