import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { TokenHistogram } from '#engine/protocol/index.ts'
import TokenTable from '@/features/artifacts/dataset/TokenTable.vue'
import { share } from '@/features/artifacts/dataset/token-figures.ts'
import { chooseLocale, i18n } from '@/i18n/index.ts'

const histogram: TokenHistogram = {
  ...{ counted: 100_000, distinct: 600, unknown: 200, byteFallback: 1500, special: 2, outside: 0, padding: 0 },
  frequencies: [
    { from: 1, to: 10, ids: 400, tokens: 1000 },
    { from: 10, to: 100, ids: 0, tokens: 0 },
    { from: 100, to: 1000, ids: 200, tokens: 99_000 },
  ],
  top: [
    { id: 263, text: ' the', count: 40_000 },
    { id: 13, text: '\n', count: 1 },
  ],
}

function shown(over: Partial<TokenHistogram> = {}) {
  chooseLocale('en')
  const props = { histogram: { ...histogram, ...over }, vocab: 720 }
  const view = mount(TokenTable, { props, global: { plugins: [i18n] } })
  const figure = (id: string) => view.find(`[data-testid=figure-tokens-${id}]`)
  const rows = (table: string) =>
    view.findAll(`[data-testid=${table}] tbody tr`).map((row) => row.findAll('td').map((cell) => cell.text()))
  return { figure, rows }
}

describe('the tokens of a dataset', () => {
  it('are told in figures, of which the unusual ones stand out', () => {
    const { figure } = shown()
    expect(figure('used').text()).toBe('Vocabulary used600 of 72016.7 % unused')
    expect(figure('byteFallback').text()).toBe('Byte tokens1\u202f5001.5 %')
    expect(figure('special').text()).toContain('< 0.01 %')
    expect(figure('unknown').find('.warn').exists()).toBe(true)
    expect(figure('outside').exists()).toBe(false)
    expect(figure('padding').exists()).toBe(false)
  })

  it('name what is filled up and what no vocabulary has only where there is some', () => {
    const { figure } = shown({ outside: 3, padding: 100_000, unknown: 5 })
    expect(figure('outside').find('.warn').exists()).toBe(true)
    expect(figure('padding').text()).toContain('50.0 % of all places')
    expect(figure('unknown').find('.warn').exists()).toBe(false)
  })

  it('are listed by how often they occur', () => {
    const { rows } = shown()
    expect(rows('token-frequencies').map(([occurrences, ids, part]) => [occurrences, ids, part])).toEqual([
      ['1–9', '400', '1.0 %'],
      ['10–99', '0', '0 %'],
      ['100–999', '200', '99.0 %'],
    ])
    expect(rows('token-table').map((cells) => cells.slice(0, 4))).toEqual([
      ['␣the', '263', '40\u202f000', '40.0 %'],
      ['⏎', '13', '1', '< 0.01 %'],
    ])
  })

  it('have shares that never hide what is there', () => {
    expect([share(0, 0), share(0, 5), share(1, 1e9), share(1, 200), share(1, 3)]).toEqual([
      '0 %',
      '0 %',
      '< 0.01 %',
      '0.50 %',
      '33.3 %',
    ])
  })
})
