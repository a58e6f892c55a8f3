import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RejectedRows, rejectedRow } from '#engine/dataset/rejected-rows.ts'
import { readRejected } from '#engine/dataset/rejected-page.ts'
import type { Rejection } from '#engine/dataset/rejections.ts'

let folder = ''
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'awb-rejected-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

const prefix = () => path.join(folder, 'data')

async function write(rows: readonly { value: unknown; rejection: Rejection }[]): Promise<void> {
  const file = new RejectedRows(`${prefix()}.rejected.jsonl`)
  for (const [at, { value, rejection }] of rows.entries()) {
    await file.add(rejectedRow({ row: at + 1, line: at * 2 + 1, bytes: 1, value }, rejection))
  }
  await file.finish()
}

/** All pages, as somebody who turns them sees them. */
async function pages(limit: number, reason?: string): Promise<number[][]> {
  const found: number[][] = []
  for (let offset: number | null = 0; offset !== null;) {
    const page = await readRejected({ prefix: prefix(), offset, limit, reason })
    found.push(page.rows.map(({ row }) => row))
    offset = page.next
  }
  return found
}

describe('rows that were set aside', () => {
  it('are read page by page, and by reason', async () => {
    const reason = (at: number) => ({ reason: at % 3 === 0 ? ('noResponse' as const) : ('badType' as const) })
    await write(Array.from({ length: 7 }, (_, at) => ({ value: { at }, rejection: reason(at) })))
    expect(await pages(3)).toEqual([[1, 2, 3], [4, 5, 6], [7]])
    expect(await pages(7)).toEqual([[1, 2, 3, 4, 5, 6, 7]])
    expect(await pages(2, 'noResponse')).toEqual([[1, 4], [7]])
    expect(await pages(2, 'tooLong')).toEqual([[]])
  })

  it('tell the place, the reason in both languages and the raw row', async () => {
    await write([{ value: { text: 'a "b",\n,"data":{' }, rejection: { reason: 'badType', detail: ',"data":x' } }])
    const { rows, next } = await readRejected({ prefix: prefix(), offset: 0, limit: 10 })
    expect(next).toBeNull()
    expect(rows).toEqual([
      {
        row: 1,
        line: 1,
        reason: 'badType',
        text: { en: expect.stringContaining('mapped column'), 'zh-CN': expect.stringContaining('映射') },
        detail: ',"data":x',
        data: JSON.stringify({ text: 'a "b",\n,"data":{' }),
        isCut: false,
      },
    ])
  })

  it('show the beginning of an enormous row without reading it into memory', async () => {
    await write([
      { value: { text: '行'.repeat(2_000_000) }, rejection: { reason: 'tooLong' } },
      { value: 7, rejection: { reason: 'notObject' } },
    ])
    const { rows } = await readRejected({ prefix: prefix(), offset: 0, limit: 10 })
    expect(rows[0]).toMatchObject({ row: 1, isCut: true })
    expect(rows[0]?.data.length).toBeLessThan(20_000)
    expect(rows[0]?.data.startsWith('{"text":"行行')).toBe(true)
    expect(rows[1]).toMatchObject({ row: 2, data: '7', isCut: false })
  })

  it('leave out lines of others, and miss nothing when the file is not there', async () => {
    await writeFile(`${prefix()}.rejected.jsonl`, 'no json\n{"row":1}\n')
    expect(await pages(5)).toEqual([[]])
    const gone = readRejected({ prefix: path.join(folder, 'other'), offset: 0, limit: 5 })
    await expect(gone).rejects.toMatchObject({ code: 'file.missing' })
  })
})
