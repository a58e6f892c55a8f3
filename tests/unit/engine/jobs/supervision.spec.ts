import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JobFolder } from '#engine/jobs/job-folder.ts'
import { ownStamp } from '#engine/jobs/process-stamp.ts'
import { isSupervised, takeSupervision } from '#engine/jobs/supervision.ts'

let folder: JobFolder
beforeEach(() => {
  folder = new JobFolder(mkdtempSync(join(tmpdir(), 'awb-supervision-')))
})
afterEach(() => rmSync(folder.path, { recursive: true, force: true }))

const dead = JSON.stringify({ ...ownStamp(), bootId: 'an earlier boot' })

describe('supervision of a job', () => {
  it('belongs to one at a time', () => {
    expect(isSupervised(folder)).toBe(false)
    expect(takeSupervision(folder)).toBe(true)
    expect(isSupervised(folder)).toBe(true)
    expect(takeSupervision(folder)).toBe(false)
  })

  it('passes on from a dead supervisor to exactly one', () => {
    writeFileSync(folder.file('supervisor.9.json'), dead)
    writeFileSync(folder.file('supervisor.10.json'), dead)
    expect(isSupervised(folder)).toBe(false)
    expect([takeSupervision(folder), takeSupervision(folder)]).toEqual([true, false])
  })

  it('is nobody’s when the job was removed', () => {
    rmSync(folder.path, { recursive: true })
    expect(isSupervised(folder)).toBe(false)
  })
})
