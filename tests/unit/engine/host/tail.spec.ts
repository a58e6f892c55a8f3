import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tail } from '#engine/host/tail.ts'

let folder: string
let path: string
let abort: AbortController
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-tail-'))
  path = join(folder, 'log')
  abort = new AbortController()
})
afterEach(() => {
  abort.abort()
  rmSync(folder, { recursive: true, force: true })
})

/** Reads until the text of all data since the last restart ends with `end`; answers it with what happened. */
function follow(bytes = 100) {
  const events = tail(path, bytes, abort.signal, 5)
  let text = ''
  const marks: string[] = []
  const until = async (end: string) => {
    while (!text.endsWith(end)) {
      const { value, done } = await events.next()
      if (done) throw new Error('it ended')
      if (value.kind === 'data') text += Buffer.from(value.data, 'base64').toString()
      else marks.push(value.kind)
      if (value.kind === 'restarted') text = ''
    }
    return { text, marks }
  }
  return { until, close: () => events.return(undefined) }
}

describe('the end of a file', () => {
  it('begins where asked, and goes on with what is written', async () => {
    writeFileSync(path, '0123456789')
    const { until, close } = follow(4)
    expect((await until('9')).text).toBe('6789')
    appendFileSync(path, 'abc')
    expect((await until('c')).text).toBe('6789abc')
    await close()
  })

  it('begins again after a file was cut short', async () => {
    writeFileSync(path, 'a long beginning')
    const { until, close } = follow()
    await until('beginning')
    truncateSync(path, 0)
    appendFileSync(path, 'short')
    expect(await until('short')).toEqual({ text: 'short', marks: ['restarted'] })
    await close()
  })

  it('reads the old file to its end when a new one takes its place', async () => {
    writeFileSync(path, 'one')
    const { until, close } = follow()
    await until('one')
    appendFileSync(path, ' more')
    renameSync(path, `${path}.1`)
    expect((await until('one more')).text).toBe('one more')
    writeFileSync(path, 'two')
    expect((await until('two')).text).toBe('two')
    await close()
  })

  it('is missed at the beginning', async () => {
    await expect(follow().until('x')).rejects.toMatchObject({ code: 'file.missing' })
  })
})
