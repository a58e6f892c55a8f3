import { describe, expect, it } from 'vitest'
import type { PanelForm } from '#engine/protocol/index.ts'
import { fieldsOf, groupFields } from '@/forms/model/fields.ts'
import { countLevel, findingsByField } from '@/forms/model/findings.ts'
import { effectiveValue, isChanged, isVisible, knownValues, submittedValues } from '@/forms/model/values.ts'

const text = (en: string) => ({ en, 'zh-CN': en })

const form: PanelForm = {
  schema: {
    type: 'object',
    properties: {
      input: { type: 'string' },
      layout: { type: 'string', enum: ['hf', 'mcore'], default: 'mcore' },
      tp: { type: 'integer', minimum: 1, maximum: 8, default: 1 },
      verify: { type: 'boolean', default: true },
      tag: { type: ['string', 'null'], default: 'x' },
    },
    required: ['input'],
  },
  hints: {
    input: { title: text('Weights'), widget: 'checkpoint', group: 'source' },
    tp: { title: text('TP'), group: 'target', showIf: { field: 'layout', in: ['mcore'] } },
    verify: { title: text('Verify'), group: 'lost', showIf: { field: 'tp', in: [2] } },
    tag: { title: text('Tag'), group: 'target', isExpert: true },
  },
  groups: [
    { id: 'source', title: text('Source') },
    { id: 'target', title: text('Target') },
    { id: 'empty', title: text('Empty') },
  ],
}
const fields = fieldsOf(form)
const byName = new Map(fields.map((field) => [field.name, field]))
const field = (name: string) => byName.get(name)!

describe('fieldsOf', () => {
  it('chooses the widget from the hint, else from the schema', () => {
    expect(fields.map((f) => [f.name, f.widget])).toEqual([
      ['input', 'checkpoint'],
      ['layout', 'select'],
      ['tp', 'number'],
      ['verify', 'switch'],
      ['tag', 'text'],
    ])
  })

  it('takes limits, default and options from the schema', () => {
    expect(field('tp')).toMatchObject({ isInteger: true, minimum: 1, maximum: 8, defaultValue: 1 })
    expect(field('layout').options.map((option) => option.value)).toEqual(['hf', 'mcore'])
    expect(field('input')).toMatchObject({ isRequired: true, defaultValue: undefined })
  })

  it('draws a property without a hint under its own name', () => {
    expect(field('layout').title).toEqual(text('layout'))
  })
})

describe('groupFields', () => {
  it('keeps the order of the groups, unlisted ones last, empty ones out', () => {
    expect(groupFields(form, fields).map((group) => [group.id, group.fields.map((f) => f.name)])).toEqual([
      ['', ['layout']],
      ['source', ['input']],
      ['target', ['tp', 'tag']],
      ['lost', ['verify']],
    ])
  })
})

describe('values', () => {
  it('count as the default until something is typed', () => {
    expect(effectiveValue(field('tp'), {})).toBe(1)
    expect(effectiveValue(field('tp'), { tp: 4 })).toBe(4)
    expect(effectiveValue(field('tp'), { tp: null })).toBe(1)
  })

  it('are changed only when they differ from the default', () => {
    expect(isChanged(field('tp'), { tp: 1 })).toBe(false)
    expect(isChanged(field('tp'), { tp: 2 })).toBe(true)
    expect(isChanged(field('verify'), { verify: false })).toBe(true)
    expect(isChanged(field('input'), { input: '' })).toBe(false)
  })

  it('can switch a text default off with an empty text', () => {
    expect(effectiveValue(field('tag'), { tag: '' })).toBe('')
    expect(isChanged(field('tag'), { tag: '' })).toBe(true)
  })

  it('hide a field with the field its condition hangs on', () => {
    expect(isVisible(field('verify'), byName, { tp: 2 })).toBe(true)
    expect(isVisible(field('verify'), byName, { tp: 2, layout: 'hf' })).toBe(false)
  })

  it('are submitted with defaults and without hidden fields', () => {
    expect(submittedValues(fields, { input: '/m', layout: 'hf', tp: 4 })).toEqual({
      input: '/m',
      layout: 'hf',
      tag: 'x',
    })
  })

  it('drop what the form no longer knows', () => {
    expect(knownValues(fields, { tp: 2, gone: 1 })).toEqual({ tp: 2 })
  })
})

describe('findingsByField', () => {
  const finding = (level: 'error' | 'warning', name?: string) => ({
    level,
    code: 'c',
    text: text('t'),
    ...(name === undefined ? {} : { field: name }),
  })

  it('puts nested paths under the field they start with and the rest under no field', () => {
    const found = findingsByField(
      [finding('warning', 'tp'), finding('error', 'tp.value'), finding('error', 'other'), finding('error')],
      new Set(byName.keys()),
    )
    expect(found.get('tp')?.map((f) => f.level)).toEqual(['error', 'warning'])
    expect(found.get('')).toHaveLength(2)
  })

  it('counts by level', () => {
    expect(countLevel([finding('error'), finding('warning')], 'error')).toBe(1)
  })
})
