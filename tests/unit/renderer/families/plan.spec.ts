import { describe, expect, it } from 'vitest'
import type { Plan } from '#engine/protocol/index.ts'
import { highlight, highlightLines } from '@/features/families/highlight.ts'
import { languageOf, planSteps, planWrites } from '@/features/families/plan-model.ts'

const text = (en: string) => ({ en, 'zh-CN': en })

const plan: Plan = {
  title: text('Train'),
  findings: [],
  files: [{ path: '/w/run.yaml', content: 'a: 1\n# 中', nodes: 'first' }],
  steps: [
    { kind: 'task', id: 'convert', title: text('Convert'), task: 'checkpoint.convert', spec: { tp: 2 } },
    { kind: 'script', id: 'train', title: text('Train'), script: 'echo hi', where: 'container', nodes: 'all' },
  ],
  outputs: [{ kind: 'checkpoint', path: '/w/out', title: text('Weights'), bytes: 2048 }],
}

describe('plan model', () => {
  it('shows a task by its spec and a script as it is', () => {
    expect(planSteps(plan).map((step) => [step.task, step.where, step.nodes, step.language, step.code])).toEqual([
      ['checkpoint.convert', 'host', 'first', 'json', '{\n  "tp": 2\n}'],
      [null, 'container', 'all', 'bash', 'echo hi'],
    ])
  })

  it('lists what is written, artifacts first, sizes in bytes', () => {
    expect(planWrites(plan).map((write) => [write.path, write.kind, write.bytes])).toEqual([
      ['/w/out', 'checkpoint', 2048],
      ['/w/run.yaml', 'file', 10],
    ])
  })

  it('knows the language by the name of a file', () => {
    expect(['a.sh', 'b.YAML', 'rank_table.json', 'README'].map(languageOf)).toEqual(['bash', 'yaml', 'json', 'plain'])
  })
})

describe('highlight', () => {
  const samples = [
    ['bash', 'export A="x <b>$HOME</b> & y"\nif [ 1 ]; then echo \'q\'; fi # <script>'],
    ['yaml', 'key: "v"\nlist:\n  - 1\n'],
    ['json', '{"a": [1, "<\\"&>"], "b": null}'],
    ['plain', '<b>'],
  ] as const

  it('keeps every character and makes no markup of any', () => {
    for (const [language, code] of samples) {
      expect(
        highlight(code, language)
          .map((token) => token.text)
          .join(''),
      ).toBe(code)
      expect(
        highlightLines(code, language)
          .map((line) => line.map((token) => token.text).join(''))
          .join('\n'),
      ).toBe(code)
    }
  })

  it('names the scopes', () => {
    expect(highlight('{"a": 1}', 'json')).toContainEqual({ text: '1', scope: 'number' })
  })
})
