import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engine as engineTopic, facts } from '#engine/protocol/host.ts'
import { LOCAL_HOST } from '#engine/protocol/ids.ts'
import { connect } from '#engine/rpc/connect.ts'
import { systemClock } from '#main/clock.ts'
import { Engine } from '#main/engines/engine.ts'
import { LocalEngineLink } from '#main/engines/local-link.ts'
import { Log } from '#main/log/log.ts'
import { until } from '../fixtures/until.ts'

const never = new AbortController().signal
const root = join(import.meta.dirname, '..', '..')

let folder: string
let log: Log
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-link-'))
  log = new Log(systemClock, { write: () => undefined })
})
afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }))

/** A link to a program with this text. */
function linkTo(program: string): LocalEngineLink {
  const bundle = join(folder, 'engine.mjs')
  writeFileSync(bundle, program)
  return new LocalEngineLink({ program: process.execPath, bundle, env: {} }, log)
}

const pid = () => Number(log.read(1).findLast(({ event }) => event === 'engine.spawned')?.fields['pid'])
const isGone = () => {
  try {
    process.kill(pid(), 0)
    return undefined
  } catch {
    return true
  }
}

describe('the engine of this computer', () => {
  it('is the program that is asked for, in the folder that is asked for', async () => {
    const bundle = join(root, 'dist', 'engine', 'engine.mjs')
    const link = new LocalEngineLink({ program: process.execPath, bundle, env: { AWB_HOME: folder } }, log)
    using session = await link.open(never)
    using connection = connect(session.transport)
    expect(await connection.topic(engineTopic).hello({ protocol: 1 })).toMatchObject({ protocol: 1, pid: pid() })
    expect((await connection.topic(facts).get({})).dirs.state).toBe(folder)
    session[Symbol.dispose]()
    await until(isGone, 'the end of the engine')
  })

  it('says what it said last when it ends at once', async () => {
    const link = linkTo(`console.error('no such library'); process.exit(3)`)
    using engine = new Engine(LOCAL_HOST, link, systemClock, log)
    engine.start()
    const error = await until(() => engine.status.error, 'the error')
    expect(error).toMatchObject({
      code: 'engine.exited',
      params: { reason: 'exit code 3', detail: 'no such library' },
    })
  })

  it('is ended when it does not end by itself', async () => {
    const link = linkTo(`process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000)`)
    const session = await link.open(never)
    session[Symbol.dispose]()
    await until(isGone, 'the end of the engine')
    expect((await session.ended).message).toContain('SIGKILL')
  })

  it('is named when it is not there', async () => {
    const link = new LocalEngineLink({ program: process.execPath, bundle: join(folder, 'no'), env: {} }, log)
    await expect(link.open(never)).rejects.toMatchObject({ code: 'engine.missing' })
  })

  it('is told when its program cannot be started', async () => {
    const bundle = join(folder, 'engine.mjs')
    writeFileSync(bundle, '')
    const link = new LocalEngineLink({ program: join(folder, 'no-node'), bundle, env: {} }, log)
    using session = await link.open(never)
    expect((await session.ended).message).toContain('ENOENT')
  })
})
