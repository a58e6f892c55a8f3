import { describe, expect, it } from 'vitest'
import type { Snippet } from '#contract/index.ts'
import { pasteRisk, withoutControls } from '@/features/host/terminals/paste-guard.ts'
import SnippetMenu from '@/features/host/terminals/SnippetMenu.vue'
import { until } from '../../../fixtures/until.ts'
import { mounted } from '../mounted.ts'

describe('a paste', () => {
  it('is asked about when it has several lines, whatever ends them', () => {
    for (const text of ['a\nb', 'a\r\nb\r\n', 'a\rb']) {
      expect(pasteRisk(text)).toEqual({ lines: 2, hasControls: false })
    }
    for (const text of ['', 'ls -l', 'ls\n', 'ls\r\n', 'a\tb 数据']) expect(pasteRisk(text)).toBeNull()
  })

  it('is asked about when it hides something, and comes without it', () => {
    const hidden = 'ls\u001b[201~; rm x\u0008\u009b1m'
    expect(pasteRisk(hidden)).toEqual({ lines: 1, hasControls: true })
    expect(withoutControls(hidden)).toBe('ls[201~; rm x1m')
    expect(withoutControls('a\tb\r\n数据')).toBe('a\tb\r\n数据')
  })
})

describe('snippets', () => {
  const list: Snippet[] = [
    { id: 'a', name: 'logs', command: 'cd /var/log\nls -t' },
    { id: 'b', name: 'NPUs', command: 'npu-smi info' },
  ]
  const opened = (canInsert: boolean) =>
    mounted(SnippetMenu, { canInsert }, {}, {
      snippets: { watch: () => ({ snapshot: () => list, subscribe: () => ({ [Symbol.dispose]: () => undefined }) }) },
    } as never)
  const open = async (page: ReturnType<typeof opened>) => {
    await page.by('snippets').get('button').trigger('click')
  }

  it('are inserted by choosing one, not run', async () => {
    using page = opened(true)
    await open(page)
    await until(() => page.view.find('[data-testid="snippet-NPUs"]').exists() || undefined, 'the snippets')
    await page.by('snippet-NPUs').trigger('click')
    expect(page.view.emitted('insert')).toEqual([['npu-smi info']])
    expect(page.view.emitted('run')).toBeUndefined()
  })

  it('are only edited while no terminal is open', async () => {
    using page = opened(false)
    await open(page)
    await until(() => page.view.find('[data-testid="snippets-edit"]').exists() || undefined, 'the menu')
    expect(page.view.find('[data-testid="snippet-NPUs"]').exists()).toBe(false)
  })
})
