import { afterEach, describe, expect, it, vi } from 'vitest'
import { LOCAL_HOST } from '#engine/protocol/index.ts'
import RejectedRows from '@/features/artifacts/dataset/RejectedRows.vue'
import { type Mounted, mounted } from '../mounted.ts'

const row = (number: number, reason: string) => ({
  row: number,
  line: number,
  reason,
  text: { en: reason, 'zh-CN': reason },
  data: JSON.stringify({ text: `row ${number}` }),
  isCut: false,
})

describe('browsing rejected rows', () => {
  let shown: Mounted
  const asked: { offset: number; reason?: string | undefined }[] = []
  const open = () => {
    asked.length = 0
    const props = { host: LOCAL_HOST, prefix: '/data/x', counts: { noResponse: 2, badType: 1 } }
    shown = mounted(
      RejectedRows,
      props,
      {},
      {
        datasets: {
          rejected: ({ offset, reason }) => {
            asked.push({ offset, reason })
            if (reason !== undefined) return { rows: [row(9, reason)], next: null }
            return offset === 0 ? { rows: [row(1, 'noResponse')], next: 77 } : { rows: [row(2, 'badType')], next: null }
          },
        },
      },
    )
  }
  const rows = () => shown.view.findAll('tbody tr').map((line) => line.find('td').text())
  afterEach(() => shown[Symbol.dispose]())

  it('turns pages, filters by reason and starts over then', async () => {
    open()
    await vi.waitFor(() => expect(rows()).toEqual(['1']))
    await shown.by('rejected-next').trigger('click')
    await vi.waitFor(() => expect(rows()).toEqual(['2']))
    expect(shown.by('rejected-next').attributes('disabled')).toBeDefined()
    await shown.by('rejected-reason').setValue('badType')
    await vi.waitFor(() => expect(rows()).toEqual(['9']))
    expect(asked).toEqual([{ offset: 0 }, { offset: 77 }, { offset: 0, reason: 'badType' }])
  })

  it('unfolds the raw row', async () => {
    open()
    await vi.waitFor(() => expect(rows()).toEqual(['1']))
    await shown.view.get('button.raw').trigger('click')
    expect(shown.view.get('pre').text()).toBe('{\n  "text": "row 1"\n}')
  })
})
