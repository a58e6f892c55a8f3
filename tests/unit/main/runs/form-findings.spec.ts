import { describe, expect, it } from 'vitest'
import type { PanelForm } from '#engine/protocol/panel.ts'
import { checkForm } from '#main/runs/form-findings.ts'
import { text } from '../../../fixtures/fakes/families.ts'

const form: PanelForm = {
  schema: {
    type: 'object',
    properties: {
      layout: { type: 'string', enum: ['hf', 'mcore'], default: 'hf' },
      tp: { type: 'integer', minimum: 1, maximum: 64 },
      path: { type: 'string', minLength: 1 },
      rate: { type: 'number', exclusiveMinimum: 0 },
    },
    required: ['layout', 'tp', 'path'],
  },
  hints: {
    layout: { title: text('Layout') },
    tp: { title: text('TP'), showIf: { field: 'layout', in: ['mcore'] } },
    path: { title: text('Path') },
  },
  groups: [],
}

const fields = (values: Parameters<typeof checkForm>[1]) =>
  checkForm(form, values).findings.map(({ field, code, level }) => ({ field, code, level }))

describe('a form', () => {
  it('is filled up with its defaults', () => {
    expect(checkForm(form, { path: '/x' })).toEqual({ values: { layout: 'hf', path: '/x' }, findings: [] })
  })

  it('names each wrong field once, in both languages', () => {
    const { findings } = checkForm(form, { layout: 'mcore', tp: 0.5, path: '', rate: 0 })
    expect(findings.map(({ field }) => field).sort()).toEqual(['path', 'rate', 'tp'])
    expect(findings.find(({ field }) => field === 'path')?.text).toEqual({
      en: 'Path: a value is needed.',
      'zh-CN': 'Path（中）：必须填写。',
    })
    expect(findings.every(({ level }) => level === 'error')).toBe(true)
  })

  it('takes an emptied field for an absent one', () => {
    expect(fields({ layout: 'mcore', tp: null, path: '/x' })).toEqual([
      { field: 'tp', code: 'form.required', level: 'error' },
    ])
  })

  it('neither checks nor hands on what is hidden', () => {
    expect(checkForm(form, { layout: 'hf', tp: -5, path: '/x' })).toEqual({
      values: { layout: 'hf', path: '/x' },
      findings: [],
    })
  })

  it('drops fields that it does not have', () => {
    expect(checkForm(form, { path: '/x', old: 'value' }).values).not.toHaveProperty('old')
  })

  it('explains limits with their numbers', () => {
    const { findings } = checkForm(form, { layout: 'mcore', tp: 65, path: '/x' })
    expect(findings[0]?.text.en).toBe('TP: at most 64 is allowed.')
  })
})
