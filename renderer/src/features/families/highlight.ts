import hljs from 'highlight.js/lib/core'
import bash from 'highlight.js/lib/languages/bash'
import ini from 'highlight.js/lib/languages/ini'
import json from 'highlight.js/lib/languages/json'
import python from 'highlight.js/lib/languages/python'
import yaml from 'highlight.js/lib/languages/yaml'
import type { CodeLanguage } from './plan-model.ts'

hljs.registerLanguage('bash', bash)
hljs.registerLanguage('ini', ini)
hljs.registerLanguage('json', json)
hljs.registerLanguage('python', python)
hljs.registerLanguage('yaml', yaml)

/** A piece of code of one look; `scope` is the innermost name that highlight.js gives it, null for plain text. */
export interface CodeToken {
  readonly text: string
  readonly scope: string | null
}

/** Longer texts stay plain: colouring them would hold up the keystroke that made them. */
const LIMIT = 60_000

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'" }

const decode = (text: string): string =>
  text.replace(/&(amp|lt|gt|quot|#x27);/g, (_, name: string) => entities[name] ?? '')

/**
 * Code as tokens. The highlighter's markup is taken apart here and only its text and scope names go on, so that
 * nothing from a plan ever becomes HTML of the page.
 */
export function highlight(code: string, language: CodeLanguage): CodeToken[] {
  if (language === 'plain' || code.length > LIMIT) return [{ text: code, scope: null }]
  const { value } = hljs.highlight(code, { language, ignoreIllegals: true })
  const scopes: string[] = []
  const tokens: CodeToken[] = []
  for (const [part] of value.matchAll(/<span class="[^"]*">|<\/span>|[^<]+/g)) {
    if (part === '</span>') scopes.pop()
    else if (part.startsWith('<')) scopes.push(/hljs-([\w-]+)/.exec(part)?.[1] ?? '')
    else tokens.push({ text: decode(part), scope: scopes[scopes.length - 1] || null })
  }
  return tokens
}

/** Tokens by line, for line numbers. */
export function highlightLines(code: string, language: CodeLanguage): CodeToken[][] {
  const lines: CodeToken[][] = [[]]
  for (const token of highlight(code, language)) {
    token.text.split('\n').forEach((text, at) => {
      if (at > 0) lines.push([])
      if (text !== '') lines[lines.length - 1]?.push({ text, scope: token.scope })
    })
  }
  return lines
}
