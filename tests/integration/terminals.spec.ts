import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
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
  function follow({ id }: TerminalInfo, from = 0) {
    const seen = {
      text: '',
      start: -1,
      end: from,
      exitCode: undefined as number | null | undefined,
      hash: createHash('sha256'),
      bytes: 0,
    }
    const done = (async () => {
      for await (const { offset, data, exitCode } of client.output({ id, from }, { signal: readers.signal })) {
        const chunk = Buffer.from(data, 'base64')
        if (seen.start < 0) seen.start = offset
        else if (offset !== seen.end) throw new Error(`from ${seen.end} to ${offset}`)
        seen.end = offset + chunk.length
        seen.bytes += chunk.length
        seen.hash.update(chunk)
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

  it('lose no byte of a large output', async () => {
    const terminal = await open()
    const screen = follow(terminal)
    await type(terminal, 'stty -opost -echo; PS1=; clear\n')
    await type(terminal, "echo start-$((1+1)); head -c 30000000 /dev/zero | tr '\\0' 'x'; echo end-$((1+1))\n")
    await screen.shows('end-2')
    expect(screen.seen.bytes).toBeGreaterThan(30_000_000)
    expect(screen.seen.start).toBe(0)
  })

  it('answer Ctrl-C while something floods them', async () => {
    const terminal = await open()
    const screen = follow(terminal)
    await type(terminal, 'yes\n')
    await until(() => (screen.seen.bytes > 1_000_000 ? true : undefined), 'a flood')
    await type(terminal, '\x03')
    await type(terminal, 'echo quiet-$((1+1))\n')
    await screen.shows('quiet-2')
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
