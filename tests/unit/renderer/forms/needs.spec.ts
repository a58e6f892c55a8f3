import { describe, expect, it } from 'vitest'
import type { Finding } from '#engine/protocol/index.ts'
import { needsOf } from '@/forms/model/needs.ts'

const finding = (field: string, code: string): Finding => ({
  level: 'error',
  code,
  field,
  text: { en: code, 'zh-CN': code },
})
const input = finding('input', 'form.required')
const output = finding('output', 'form.required')
const tp = finding('tp', 'plan.headsNotDivisible')

describe('needsOf', () => {
  it('sets empty fields apart that nobody has been at', () => {
    expect(needsOf([input, tp, output], new Set())).toEqual({ fields: ['input', 'output'], findings: [tp] })
  })

  it('leaves an emptied field among the errors', () => {
    expect(needsOf([input, tp, output], new Set(['input']))).toEqual({ fields: ['output'], findings: [input, tp] })
  })
})
