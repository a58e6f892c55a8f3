import { describe, expect, it } from 'vitest'
import { messagesOf } from '@/i18n/messages.ts'

type Tree = { readonly [key: string]: string | Tree }

function leaves(tree: Tree, prefix = ''): Map<string, string> {
  const result = new Map<string, string>()
  for (const [name, value] of Object.entries(tree)) {
    const key = prefix ? `${prefix}.${name}` : name
    if (typeof value === 'string') result.set(key, value)
    else for (const [inner, text] of leaves(value, key)) result.set(inner, text)
  }
  return result
}

const en = leaves(messagesOf('en'))
const zh = leaves(messagesOf('zh-CN'))

const files = import.meta.glob<string>('../../../../renderer/src/**/*.{ts,vue}', {
  query: '?raw',
  import: 'default',
  eager: true,
})
const texts = Object.entries(files)
  .filter(([path]) => !path.endsWith('messages.ts'))
  .map(([, text]) => text)

/** Keys that are written out, and the fixed beginnings of those that are put together. */
function usedIn(all: readonly string[]) {
  const whole = new Set<string>()
  const beginnings = new Set<string>()
  for (const text of all) {
    for (const [, key] of text.matchAll(/['"`]([a-z][A-Za-z]*(?:\.[A-Za-z0-9-]+)+)['"`]/g)) if (key) whole.add(key)
    for (const [, key] of text.matchAll(/`([a-z][A-Za-z]*(?:\.[A-Za-z0-9-]+)*\.)\$\{/g)) if (key) beginnings.add(key)
  }
  return { whole, beginnings: [...beginnings] }
}

const placeholders = (text: string) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort()

describe('texts of the page', () => {
  it('exist in both languages', () => {
    expect([...zh.keys()].sort()).toEqual([...en.keys()].sort())
  })

  it('take the same parameters in both languages', () => {
    const unequal = [...en].filter(
      ([key, text]) => String(placeholders(text)) !== String(placeholders(zh.get(key) ?? '')),
    )
    expect(unequal.map(([key]) => key)).toEqual([])
  })

  it('are all used', () => {
    const { whole, beginnings } = usedIn(texts)
    const unused = [...en.keys()].filter((key) => !whole.has(key) && !beginnings.some((start) => key.startsWith(start)))
    expect(unused).toEqual([])
  })

  it('are all there', () => {
    const features = new Set([...en.keys()].map((key) => key.split('.')[0]))
    const called = texts.flatMap((text) =>
      [...text.matchAll(/\bt\(\s*['"`]([\w.-]+)['"`]/g)].map(([, key]) => key ?? ''),
    )
    expect(called.filter((key) => features.has(key.split('.')[0]) && !en.has(key))).toEqual([])
  })

  it('speak neutrally: no "we", no exclamation marks, no characters that the formatter would read', () => {
    const loud = [...en, ...zh].filter(([, text]) => /\b[Ww]e\b|我们|[!！]|@/.test(text))
    expect(loud).toEqual([])
  })

  it('use no dot inside a key', () => {
    const dotted = (tree: Tree): string[] =>
      Object.entries(tree).flatMap(([name, value]) => [
        ...(name.includes('.') ? [name] : []),
        ...(typeof value === 'string' ? [] : dotted(value)),
      ])
    expect(dotted(messagesOf('en'))).toEqual([])
  })
})
