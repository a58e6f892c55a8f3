import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { StoredSpec } from '#engine/jobs/job-folder.ts'
import { JobFolder } from '#engine/jobs/job-folder.ts'
import { JournalReader } from '#engine/jobs/job-reader.ts'
import { JournalFeed } from '#engine/jobs/journal-feed.ts'
import { JournalWriter } from '#engine/jobs/journal-writer.ts'
import type { JobSpec, JournalEntryBody } from '#engine/protocol/jobs.ts'
import { JobId } from '#engine/protocol/ids.ts'

let folder: JobFolder
beforeEach(() => {
  folder = new JobFolder(mkdtempSync(join(tmpdir(), 'awb-journal-')))
})
afterEach(() => rmSync(folder.path, { recursive: true }))

const metric = (step: number): JournalEntryBody => ({ kind: 'metric', step, values: { loss: 1 / step } })

const specOf = (run: JobSpec['run']): StoredSpec => ({
  id: JobId.parse('a'),
  title: { en: 'a', 'zh-CN': 'a' },
  run,
  files: [],
  env: {},
  labels: {},
  submittedAt: 0,
  bootId: 'boot',
})

interface Line {
  n: number
  kind: string
  step?: number
}

const lines = (): Line[] =>
  readFileSync(folder.journal, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

describe('the journal', () => {
  it('numbers from 1 and goes on where another writer has stopped', () => {
    const first = new JournalWriter(folder.journal)
    first.append({ kind: 'state', state: 'starting' })
    first.append(metric(1))
    first.close()
    const second = new JournalWriter(folder.journal)
    expect(second.state).toBe('starting')
    second.append({ kind: 'state', state: 'running' })
    second.close()
    expect(lines().map(({ n }) => n)).toEqual([1, 2, 3])
  })

  it('drops a line that was cut at any byte, and gives its number again', () => {
    const whole = new JournalWriter(folder.journal)
    whole.append(metric(1))
    whole.close()
    const kept = readFileSync(folder.journal).length
    const again = new JournalWriter(folder.journal)
    again.append(metric(2))
    again.close()
    const bytes = readFileSync(folder.journal)
    for (let cut = kept; cut < bytes.length; cut++) {
      writeFileSync(folder.journal, bytes)
      truncateSync(folder.journal, cut)
      const writer = new JournalWriter(folder.journal)
      writer.append(metric(7))
      writer.close()
      expect(lines().map(({ n, step }) => [n, step])).toEqual([
        [1, 1],
        [2, 7],
      ])
    }
  })

  it('goes on behind what a power cut has left in it', () => {
    const first = new JournalWriter(folder.journal)
    first.append(metric(1))
    first.close()
    appendFileSync(folder.journal, Buffer.concat([Buffer.alloc(700), Buffer.from('\n"x"\n'), Buffer.alloc(90)]))
    const second = new JournalWriter(folder.journal)
    second.append({ kind: 'state', state: 'lost' })
    second.close()
    const reader = new JournalReader(folder)
    expect([...reader.entries()]).toMatchObject([
      { n: 1, kind: 'metric' },
      { n: 2, kind: 'state', state: 'lost' },
    ])
    reader.close()
  })

  it('tells whether the job has ended', () => {
    const writer = new JournalWriter(folder.journal)
    expect(writer.hasEnded).toBe(false)
    writer.append({ kind: 'state', state: 'lost' })
    expect(writer.hasEnded).toBe(true)
    writer.close()
  })
})

describe('what feeds the journal', () => {
  /** Opens journal and sources as a supervisor does, works off what is there, and dies. */
  const pumpOnce = (spec: StoredSpec) => {
    const journal = new JournalWriter(folder.journal)
    const feed = new JournalFeed(folder, spec, journal)
    feed.pump()
    feed.close()
    journal.close()
  }

  it('brings each event of a task once, wherever journal and events were cut', () => {
    const spec = specOf({ kind: 'task', task: 'checkpoint.verify', spec: {} })
    const events = [1, 2, 3]
      .map((step) => `${JSON.stringify({ t: '2026-01-01T00:00:00.000Z', ...metric(step) })}\n`)
      .join('')
    writeFileSync(folder.events, events)
    pumpOnce(spec)
    const journal = readFileSync(folder.journal)
    for (let cut = 0; cut <= journal.length; cut += 7) {
      writeFileSync(folder.journal, journal.subarray(0, cut))
      writeFileSync(folder.events, events.slice(0, events.length - 9))
      pumpOnce(spec)
      writeFileSync(folder.events, events)
      pumpOnce(spec)
      expect(lines().map(({ n, step }) => [n, step])).toEqual([
        [1, 1],
        [2, 2],
        [3, 3],
      ])
    }
  })

  it('brings each entry of a line of output once, also when it was cut between the entries of one line', () => {
    const spec = specOf({ kind: 'script', script: '', dialect: 'megatron' })
    const output = [1, 2, 3].map((i) => `noise\r\n iteration ${i}/ 3 | lm loss: 1.0E+00 |\n`).join('')
    writeFileSync(folder.output, output)
    pumpOnce(spec)
    const journal = readFileSync(folder.journal)
    const expected = lines()
    expect(expected.map(({ kind }) => kind)).toEqual(['metric', 'progress', 'metric', 'progress', 'metric', 'progress'])
    for (let cut = 0; cut <= journal.length; cut += 5) {
      writeFileSync(folder.journal, journal.subarray(0, cut))
      pumpOnce(spec)
      expect(lines().map(({ n, kind, step }) => [n, kind, step])).toEqual(
        expected.map(({ n, kind, step }) => [n, kind, step]),
      )
    }
  })
})
