import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LineTail } from '#engine/jobs/line-tail.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-tail-'))
  path = join(folder, 'log')
})
afterEach(() => rmSync(folder, { recursive: true }))

const texts = (tail: LineTail) => [...tail.lines()].map(({ text }) => text)

describe('the lines of a growing file', () => {
  it('come when they are complete, split characters included', () => {
    const tail = new LineTail(path, 0, { maxLineBytes: 100 })
    expect(texts(tail)).toEqual([])
    const bytes = Buffer.from('训练\n损失 1.5\n')
    const seen: string[] = []
    for (const byte of bytes) {
      appendFileSync(path, Buffer.from([byte]))
      seen.push(...texts(tail))
    }
    tail.close()
    expect(seen).toEqual(['训练', '损失 1.5'])
  })

  it('pass over a line of any length without keeping it', () => {
    writeFileSync(path, `before\n${'x'.repeat(300_000)}\nafter\n`)
    const tail = new LineTail(path, 0, { maxLineBytes: 1000 })
    const lines = [...tail.lines()]
    tail.close()
    expect(lines).toEqual([
      { text: 'before', start: 0, end: 7 },
      { text: 'after', start: 300_008, end: 300_014 },
    ])
  })

  it('come again when the reader stopped in between, and from any offset', () => {
    writeFileSync(path, 'one\ntwo\nthree\n')
    const tail = new LineTail(path, 0, { maxLineBytes: 100 })
    for (const { text } of tail.lines()) if (text === 'one') break
    expect(texts(tail)).toEqual(['two', 'three'])
    tail.close()
    const later = new LineTail(path, 8, { maxLineBytes: 100 })
    expect(texts(later)).toEqual(['three'])
    later.close()
  })

  it('end at a carriage return where progress bars are expected', () => {
    writeFileSync(path, 'a 10%\ra 20%\rdone\n')
    const tail = new LineTail(path, 0, { maxLineBytes: 100, splitsAtReturn: true })
    expect(texts(tail)).toEqual(['a 10%', 'a 20%', 'done'])
    tail.close()
  })
})
