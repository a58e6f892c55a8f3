import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogFile } from '#main/log/log-file.ts'
import { Log } from '#main/log/log.ts'
import { Secret } from '#main/log/secret.ts'
import { FakeClock } from '../../../fixtures/fakes/clock.ts'

describe('the log', () => {
  it('numbers its lines, writes them as JSON, and keeps them for readers', () => {
    const written: string[] = []
    const log = new Log(new FakeClock(0), { write: (line) => written.push(line) })
    const heard: number[] = []
    using _listening = log.onLine(({ n }) => heard.push(n))
    log.info('app.start', { version: '1' })
    log.warn('link.lost', { afterMs: 12 })
    expect(written.map((line) => JSON.parse(line) as unknown)).toEqual([
      { n: 1, t: '1970-01-01T00:00:00.000Z', level: 'info', event: 'app.start', fields: { version: '1' } },
      { n: 2, t: '1970-01-01T00:00:00.000Z', level: 'warn', event: 'link.lost', fields: { afterMs: 12 } },
    ])
    expect(log.read(2).map(({ event }) => event)).toEqual(['link.lost'])
    expect(heard).toEqual([1, 2])
  })

  it('never shows a secret, however deep it lies', () => {
    const secret = new Secret('hunter2')
    const written: string[] = []
    const log = new Log(new FakeClock(), { write: (line) => written.push(line) })
    log.info('login', { password: secret, nested: { list: [secret] }, text: `${secret}` })
    expect(written.join('')).not.toContain('hunter2')
    expect(JSON.stringify(log.read(1))).not.toContain('hunter2')
    expect(inspect({ secret })).not.toContain('hunter2')
    expect(secret.reveal()).toBe('hunter2')
  })

  it('tells errors with their stack, and cuts texts that are too long', () => {
    const log = new Log(new FakeClock(), { write: () => undefined })
    log.error('failed', { error: new TypeError('why'), text: 'x'.repeat(10_000) })
    const fields = log.read(1)[0]?.fields
    expect(fields).toMatchObject({ error: { name: 'TypeError', message: 'why' } })
    expect(String(fields?.['text'])).toHaveLength(4001)
  })
})

describe('the log file', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'awb-log-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('goes on where it was left, and is kept from others', () => {
    const path = join(folder, 'sub', 'workbench.log')
    for (const line of ['one', 'two']) {
      using file = new LogFile(path)
      file.write(line)
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('starts anew when it is full, and keeps the one before', () => {
    using file = new LogFile(join(folder, 'workbench.log'), 10)
    for (const line of ['first', 'second', 'third']) file.write(line)
    expect(readFileSync(join(folder, 'workbench.log'), 'utf8')).toBe('third\n')
    expect(readFileSync(join(folder, 'workbench.log.1'), 'utf8')).toBe('second\n')
    expect(readdirSync(folder)).toHaveLength(2)
  })
})
