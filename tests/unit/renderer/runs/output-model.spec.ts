import { describe, expect, it } from 'vitest'
import { ansiSpans, lineLevel, stripAnsi } from '@/features/runs/output/ansi.ts'
import { fromBase64 } from '@/workbench/base64.ts'
import { OutputModel } from '@/features/runs/output/output-model.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const rows = (model: OutputModel) => Array.from({ length: model.rowCount }, (_, row) => model.row(row))

describe('OutputModel', () => {
  it('gives the same rows however the bytes are split', () => {
    const text = 'step 1\n损失 0.5\r\n\nlast'
    const all = bytes(text)
    for (let cut = 0; cut <= all.length; cut += 1) {
      const model = new OutputModel()
      model.append(0, all.subarray(0, cut))
      model.append(cut, all.subarray(cut))
      expect(rows(model)).toEqual(['step 1', '损失 0.5', '', 'last'])
      expect(model.text()).toBe(text)
    }
  })

  it('skips bytes that it holds and refuses a gap', () => {
    const model = new OutputModel()
    expect(model.append(0, bytes('abc\nde'))).toBe(true)
    expect(model.append(4, bytes('def\n'))).toBe(true)
    expect(model.append(100, bytes('x'))).toBe(false)
    expect(rows(model)).toEqual(['abc', 'def'])
    expect(model.end).toBe(8)
  })

  it('shows what carriage returns leave on screen', () => {
    const model = new OutputModel()
    model.append(0, bytes(' 10%\r 50%\r100%\nnext'))
    expect(rows(model)).toEqual(['100%', 'next'])
  })

  it('shows a line without end in rows, never splitting a character', () => {
    const line = '权重'.repeat(1000)
    const model = new OutputModel({ rowBytes: 100 })
    for (let at = 0; at < bytes(line).length; at += 37) model.append(at, bytes(line).subarray(at, at + 37))
    expect(model.rowCount).toBeGreaterThan(50)
    expect(rows(model).join('')).toBe(line)
  })

  it('forgets the oldest lines beyond its limit and keeps counting', () => {
    const model = new OutputModel({ keepBytes: 1000 })
    for (let n = 1; n <= 300; n += 1) model.append(model.end, bytes(`line ${n}\n`))
    expect(model.row(model.rowCount - 1)).toBe('line 300')
    expect(model.row(0)).toBe(`line ${model.rowNumber(0)}`)
    expect(model.end - model.begin).toBeLessThanOrEqual(1000)
  })

  it('takes 100 000 lines and any row of them in a moment', () => {
    const model = new OutputModel()
    const block = bytes(
      Array.from({ length: 1000 }, (_, n) => `iteration ${n} | loss: 1.234567 | lr 1e-5`).join('\n') + '\n',
    )
    const started = performance.now()
    for (let n = 0; n < 100; n += 1) model.append(model.end, block)
    for (let n = 0; n < 1000; n += 1) model.row((n * 997) % 100_000)
    expect(model.rowCount).toBe(100_000)
    expect(performance.now() - started).toBeLessThan(1000)
  })

  it('finds rows by their visible text', async () => {
    const model = new OutputModel()
    model.append(0, bytes('a\n\u001b[31mERR\u001b[0mor one\nb\nerror two\n'))
    const found = await model.search('error', stripAnsi, { pause: () => Promise.resolve() })
    expect(found).toEqual([1, 3])
  })
})

describe('ansiSpans', () => {
  it('names the 16 colours and keeps the others exact', () => {
    expect(ansiSpans('\u001b[31mred\u001b[0m plain').map((s) => [s.text, s.color])).toEqual([
      ['red', 1],
      [' plain', null],
    ])
    expect(ansiSpans('\u001b[1;92mx')[0]).toMatchObject({ color: 10, isBold: true })
    expect(ansiSpans('\u001b[38;5;208mx')[0]?.color).toBe('255, 135, 0')
    expect(ansiSpans('\u001b[48;2;1;2;3mx')[0]?.background).toBe('1, 2, 3')
  })

  it('drops every other sequence and leaves markup as text', () => {
    expect(ansiSpans('\u001b[2K\u001b]0;title\u0007<b>&\u001b[1A')).toMatchObject([{ text: '<b>&' }])
    expect(stripAnsi('\u001b[32m\u001b[?25lok\u001b[0m')).toBe('ok')
  })
})

describe('lineLevel', () => {
  it('marks errors before warnings', () => {
    expect(lineLevel('RuntimeError: EI0006 timeout')).toBe('error')
    expect(lineLevel('WARNING: slow')).toBe('warning')
    expect(lineLevel('loss: 0.5')).toBeNull()
  })
})

describe('fromBase64', () => {
  it('keeps every byte', () => {
    expect([...fromBase64('AAH/gA==')]).toEqual([0, 1, 255, 128])
  })
})
