import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { DatasetPreview } from '#engine/protocol/index.ts'
import DatasetPreviewPane from '@/features/families/DatasetPreview.vue'
import { chooseLocale, i18n } from '@/i18n/index.ts'

const words = (en: string) => ({ en, 'zh-CN': en })
const token = (text: string, isTrained: boolean) => ({ id: 1, text, isTrained })

const preview: DatasetPreview = {
  columns: ['question', 'answer'],
  rows: [],
  cells: [['Why?', 'Because.']],
  samples: [{ row: 0, length: 2, tokens: [token('Why?', false), token('Because.', true)] }],
  scannedRows: 4,
  totalRowsEstimate: 4000,
  lengths: [10, 20, 30, 40],
  trained: [5, 5, 15, 20],
  rule: { kind: 'drop', room: -1, width: 0 },
  estimatedBytes: 2048,
  rejected: [
    { row: 1, reason: 'noResponse', text: words('the response is missing') },
    { row: 7, reason: 'noResponse', text: words('the response is missing') },
  ],
  findings: [],
}

function shown(props: Record<string, unknown> = {}) {
  chooseLocale('en')
  const view = mount(DatasetPreviewPane, {
    props: {
      state: { kind: 'ready', value: preview },
      isStale: false,
      raw: { kind: 'ready', value: { columns: ['question', 'answer'], cells: [['Why?', 'Because.']] } },
      mapping: [
        { name: 'promptColumn', title: words('Instruction'), columns: ['question'] },
        { name: 'responseColumn', title: words('Output'), columns: [] },
      ],
      limit: 35,
      hasSamples: true,
      isLimitMovable: true,
      ...props,
    },
    global: { plugins: [i18n] },
  })
  return { view, text: (testId: string) => view.get(`[data-testid=${testId}]`).text() }
}

describe('the preview beside a data panel', () => {
  it('weighs the sequence length while the line moves, and sets it when it is left', async () => {
    const { view, text } = shown()
    expect(text('figure-long')).toContain('1 of 4')
    expect(text('figure-trained')).toContain('41.7 %')
    const line = view.get('[role=slider]')
    await line.trigger('keydown', { key: 'End' })
    expect(view.emitted('setLimit')?.[0]).toEqual([42])
    await line.trigger('keydown', { key: 'ArrowLeft' })
    expect(view.emitted('setLimit')?.[1]).toEqual([41])
    expect(text('figure-long')).toContain('0 of 4')
  })

  it('shows what each column is used as, and takes another use', async () => {
    const { view } = shown()
    const select = view.get('[data-testid=column-question]')
    expect((select.element as HTMLSelectElement).value).toBe('promptColumn')
    await select.setValue('responseColumn')
    expect(view.emitted('assign')).toEqual([['question', 'responseColumn', 'promptColumn']])
    await view.get('[data-testid=column-answer]').setValue('responseColumn')
    expect(view.emitted('assign')?.[1]).toEqual(['answer', 'responseColumn', null])
  })

  it('counts rejected rows by reason', () => {
    const { text } = shown()
    expect(text('rejected-rows')).toContain('2 rows are rejected')
    expect(text('rejected-rows')).toMatch(/the response is missing:\s*2 \(rows 2, 8\)/)
  })

  it('greys what is masked', () => {
    const { view } = shown()
    const [masked, trained] = view.findAll('.token')
    expect(masked?.classes()).toContain('masked')
    expect(trained?.classes()).not.toContain('masked')
  })

  it('shows the rows alone until there is something to encode with', () => {
    const { view } = shown({ state: { kind: 'idle' } })
    expect(view.find('[data-testid=raw-rows]').exists()).toBe(true)
    expect(view.text()).toContain('appear once data and tokenizer are chosen')
  })

  it('shows rows only where nothing is encoded', () => {
    const { view } = shown({ state: { kind: 'idle' }, hasSamples: false })
    expect(view.find('[data-testid=raw-rows]').exists()).toBe(true)
    expect(view.text()).not.toContain('tokenizer')
    const waiting = shown({ state: { kind: 'idle' }, raw: { kind: 'idle' }, hasSamples: false })
    expect(waiting.view.text()).toContain('first rows appear once the data is chosen')
  })

  it('says why there is no preview, and tries again', async () => {
    const error = { code: 'dataset.empty', params: { file: '/rows.json' }, message: '' }
    const { view } = shown({ state: { kind: 'failed', error }, raw: { kind: 'idle' } })
    expect(view.text()).toContain('/rows.json has no rows')
    await view.get('button').trigger('click')
    expect(view.emitted('retry')).toHaveLength(1)
  })

  it('says once why the raw rows cannot be read, unless the preview itself says so', () => {
    const error = { code: 'dataset.empty', params: { file: '/data/rows.json' } } as const
    const raw = { kind: 'failed', error }
    const { text } = shown({ raw, state: { kind: 'idle' } })
    expect(text('raw-failed')).toContain('/data/rows.json')
    const failed = shown({ raw, state: { kind: 'failed', error } })
    expect(failed.view.find('[data-testid=raw-failed]').exists()).toBe(false)
  })
})
