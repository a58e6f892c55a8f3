import { describe, expect, it } from 'vitest'
import { preprocessPanel, mindRecordPanel } from '#plugin-api'
import { inputForTest } from '#plugin-api/testing.ts'
import { columnMapping, rawInput, reassigned } from '@/features/families/column-mapping.ts'
import { failureFinding, previewFindings } from '@/features/families/preview-findings.ts'
import { previewRequestOf } from '@/features/families/preview-request.ts'

const rows = preprocessPanel({ templates: ['llama2'], kinds: ['alpaca', 'sharegpt', 'pretrain'] })
const records = mindRecordPanel({ kinds: ['qa', 'wiki'], seqLength: 2048 })
const form = rows.panel.form.panel
const alpaca = { input: '/rows.json', kind: 'alpaca', tokenizer: '/t', promptColumn: 'question', queryColumn: 'input' }

describe('what is previewed', () => {
  it('is the data step of the plan', () => {
    const plan = rows.plan(inputForTest({ ...alpaca, seqLength: 512 }))
    expect(previewRequestOf(plan)).toMatchObject({
      kind: 'megatron',
      spec: { input: '/rows.json', handler: 'alpaca', seqLength: 512, columns: { prompt: 'question' } },
    })
    expect(previewRequestOf(rows.plan(inputForTest({ input: '/rows.json', tokenizer: '' })))).toBeNull()
    expect(previewRequestOf(null)).toBeNull()
  })

  it('is the raw data where a step before converts it', () => {
    const plan = records.plan(inputForTest({ input: '/alpaca.json', tokenizer: '/t', kind: 'qa', isAlpaca: true }))
    expect(previewRequestOf(plan)).toMatchObject({ kind: 'records', spec: { input: '/alpaca.json', convert: 'llama' } })
    const plain = records.plan(inputForTest({ input: '/chats.json', tokenizer: '/t', kind: 'qa' }))
    expect(previewRequestOf(plain)).toMatchObject({ kind: 'records', spec: { input: '/chats.json' } })
    expect(JSON.stringify(previewRequestOf(plain))).not.toContain('convert')
  })
})

describe('the mapping of columns', () => {
  it('knows the raw data and the column fields of the kind of rows', () => {
    expect(rawInput(form, alpaca)).toBe('/rows.json')
    expect(rawInput(form, { input: '' })).toBeNull()
    expect(rawInput(records.panel.form.panel, alpaca)).toBeNull()
    const mapping = columnMapping(form, alpaca)
    expect(mapping.map(({ name }) => name)).toEqual([
      'promptColumn',
      'queryColumn',
      'responseColumn',
      'historyColumn',
      'systemColumn',
    ])
    expect(mapping[0]?.columns).toEqual(['question'])
    expect(columnMapping(form, { ...alpaca, kind: 'pretrain', jsonKeys: ['a', 'b'] })).toMatchObject([
      { name: 'jsonKeys', columns: ['a', 'b'] },
    ])
  })

  it('takes a column from one use to another', () => {
    const change = { column: 'question', field: 'queryColumn', was: 'promptColumn' }
    expect(reassigned(form, alpaca, change)).toEqual([
      ['promptColumn', ''],
      ['queryColumn', 'question'],
    ])
    const texts = { kind: 'pretrain', jsonKeys: ['a'] }
    expect(reassigned(form, texts, { column: 'b', field: 'jsonKeys', was: null })).toEqual([['jsonKeys', ['a', 'b']]])
    expect(reassigned(form, texts, { column: 'a', field: null, was: 'jsonKeys' })).toEqual([['jsonKeys', []]])
  })
})

describe('findings of a preview', () => {
  const text = { en: 'x', 'zh-CN': 'x' }
  const preview = (field: string) =>
    ({ findings: [{ level: 'warning', code: 'c', text, field }] }) as unknown as Parameters<typeof previewFindings>[0]

  it('stand at the fields of the form that they name', () => {
    expect(previewFindings(preview('template'), form)[0]?.field).toBe('template')
    expect(previewFindings(preview('elsewhere'), form)[0]).not.toHaveProperty('field')
  })

  const failure = (code: string, params: Record<string, string> = {}) =>
    failureFinding({ code, params, message: code } as never, form, alpaca)

  it('name the field that a failed preview is about, in both languages', () => {
    const missing = failure('dataset.columnMissing', { column: 'question', file: '/rows.json', columns: 'a, b' })
    expect(missing).toMatchObject({ level: 'error', field: 'promptColumn' })
    expect(missing?.text['zh-CN']).toContain('没有列')
    expect(failure('dataset.templateToken')?.field).toBe('template')
    expect(failure('dataset.tokenizerMissing', { path: '/t' })?.field).toBe('tokenizer')
    expect(failure('file.missing', { path: '/rows.json' })?.field).toBe('input')
    expect(failure('dataset.notJson')?.field).toBe('input')
  })

  it('say nothing where the failure says nothing about the run', () => {
    expect(failure('rpc.closed')).toBeNull()
    expect(failure('file.missing', { path: '/elsewhere' })).toBeNull()
  })
})
