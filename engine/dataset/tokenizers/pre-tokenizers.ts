import { z } from 'zod'
import { AppError } from '../../protocol/errors/index.ts'
import { toByteCharacters } from './byte-alphabet.ts'
import { escapePattern } from './escape-pattern.ts'
import type { Component } from './huggingface-json.ts'
import { toRegExp } from './rust-pattern.ts'

/** Cuts texts into smaller ones; `isStart` is true for what stands at the very start of the input. */
export type Cutter = (text: string, isStart: boolean) => string[]

/** How GPT-2 cuts words. */
export const GPT2 = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/** The pre-tokenizer of a `tokenizer.json` as a function. @throws dataset.tokenizerUnsupported */
export function buildPreTokenizer(component: Component | null, file: string): Cutter {
  if (component === null) return (text) => [text]
  switch (component.type) {
    case 'Sequence': {
      const steps = z.array(z.looseObject({ type: z.string() })).parse(component.pretokenizers)
      const built = steps.map((step) => buildPreTokenizer(step, file))
      return (text, isStart) =>
        built.reduce((parts, step) => parts.flatMap((part, i) => step(part, isStart && i === 0)), [text])
    }
    case 'Metaspace':
      return metaspace(component)
    case 'ByteLevel':
      return byteLevel(component)
    case 'Split':
      return split(component, file)
    case 'WhitespaceSplit':
      return (text) => text.split(/[\t-\r\x85\p{Z}]+/u).filter((part) => part !== '')
    case 'Digits': {
      const expression = z.boolean().parse(component.individual_digits) ? /\p{N}/gu : /\p{N}+/gu
      return (text) => isolate(text, expression)
    }
    default:
      throw new AppError('dataset.tokenizerUnsupported', { file, component: `the pre-tokenizer "${component.type}"` })
  }
}

const Metaspace = z.looseObject({
  replacement: z.string().default('▁'),
  prepend_scheme: z.enum(['always', 'never', 'first']).optional(),
  add_prefix_space: z.boolean().default(true),
  split: z.boolean().default(true),
})

function metaspace(component: Component): Cutter {
  const { replacement, split: isSplit, ...options } = Metaspace.parse(component)
  const scheme = options.prepend_scheme ?? (options.add_prefix_space ? 'always' : 'never')
  return (text, isStart) => {
    let marked = text.replaceAll(' ', replacement)
    const isPrefixed = scheme === 'always' || (scheme === 'first' && isStart)
    if (isPrefixed && !marked.startsWith(replacement)) marked = replacement + marked
    return isSplit ? marked.split(new RegExp(`(?=${escapePattern(replacement)})`, 'u')) : [marked]
  }
}

const ByteLevel = z.looseObject({ add_prefix_space: z.boolean().default(true), use_regex: z.boolean().default(true) })

export const parseByteLevel = (component: Component): z.infer<typeof ByteLevel> => ByteLevel.parse(component)

function byteLevel(component: Component): Cutter {
  const options = parseByteLevel(component)
  const expression = toRegExp(GPT2)
  return (text) => {
    const prefixed = options.add_prefix_space && !text.startsWith(' ') ? ` ${text}` : text
    const words = options.use_regex ? isolate(prefixed, expression) : [prefixed]
    return words.map(toByteCharacters)
  }
}

const Split = z.looseObject({
  pattern: z.union([z.object({ String: z.string() }), z.object({ Regex: z.string() })]),
  behavior: z.string(),
  invert: z.boolean().default(false),
})

export const parseSplit = (component: Component): z.infer<typeof Split> => Split.parse(component)

function split(component: Component, file: string): Cutter {
  const { pattern, behavior, invert } = parseSplit(component)
  const expression = 'String' in pattern ? new RegExp(escapePattern(pattern.String), 'gu') : toRegExp(pattern.Regex)
  switch (behavior) {
    case 'Isolated':
      return (text) => isolate(text, expression)
    case 'Removed':
      return (text) =>
        invert
          ? [...text.matchAll(expression)].map(([match]) => match)
          : text.split(expression).filter((part) => part !== '')
    case 'MergedWithPrevious':
      if (!invert) return (text) => mergeWithPrevious(text, expression)
      break
  }
  const name = `the split behaviour "${behavior}"${invert ? ' inverted' : ''}`
  throw new AppError('dataset.tokenizerUnsupported', { file, component: name })
}

/** Matches and what stands between them, each on its own. */
function isolate(text: string, expression: RegExp): string[] {
  const parts: string[] = []
  let start = 0
  for (const match of text.matchAll(expression)) {
    if (match[0] === '') continue
    if (match.index > start) parts.push(text.slice(start, match.index))
    parts.push(match[0])
    start = match.index + match[0].length
  }
  if (start < text.length) parts.push(text.slice(start))
  return parts
}

function mergeWithPrevious(text: string, expression: RegExp): string[] {
  const parts: string[] = []
  let start = 0
  for (const match of text.matchAll(expression)) {
    parts.push(text.slice(start, match.index + match[0].length))
    start = match.index + match[0].length
  }
  if (start < text.length) parts.push(text.slice(start))
  return parts
}
