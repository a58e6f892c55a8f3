import { z } from 'zod'
import { AppError } from '../../protocol/errors/index.ts'
import { Charsmap } from './charsmap.ts'
import type { Component } from './huggingface-json.ts'
import { toRegExp } from './rust-pattern.ts'

export type TextStep = (text: string) => string

const pattern = z.union([z.object({ String: z.string() }), z.object({ Regex: z.string() })])

const Strip = z.looseObject({ strip_left: z.boolean().default(true), strip_right: z.boolean().default(true) })

/** White space as Rust has it. */
const trimStart = (text: string): string => text.replace(/^[\t-\r\x85\p{Z}]+/u, '')
const trimEnd = (text: string): string => text.replace(/[\t-\r\x85\p{Z}]+$/u, '')

/** The normalizer of a `tokenizer.json` as a function. @throws dataset.tokenizerUnsupported */
export function buildNormalizer(component: Component | null, file: string): TextStep {
  if (component === null) return (text) => text
  switch (component.type) {
    case 'Sequence': {
      const steps = z.array(z.looseObject({ type: z.string() })).parse(component.normalizers)
      const built = steps.map((step) => buildNormalizer(step, file))
      return (text) => built.reduce((current, step) => step(current), text)
    }
    case 'Prepend': {
      const prefix = z.string().parse(component.prepend)
      return (text) => (text === '' ? '' : prefix + text)
    }
    case 'Replace': {
      const from = pattern.parse(component.pattern)
      const to = z.string().parse(component.content)
      if ('String' in from) return (text) => text.replaceAll(from.String, () => to)
      const expression = toRegExp(from.Regex)
      return (text) => text.replace(expression, () => to)
    }
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = component.type
      return (text) => text.normalize(form)
    }
    case 'Precompiled': {
      const charsmap = new Charsmap(Buffer.from(z.string().parse(component.precompiled_charsmap), 'base64'))
      return (text) => charsmap.applyByGraphemes(text)
    }
    case 'Strip': {
      const { strip_left: left, strip_right: right } = Strip.parse(component)
      return (text) => (right ? trimEnd(left ? trimStart(text) : text) : left ? trimStart(text) : text)
    }
    case 'StripAccents':
      return (text) => text.replace(/\p{Mn}/gu, '')
    case 'Lowercase':
      return (text) => text.toLowerCase()
    default:
      throw new AppError('dataset.tokenizerUnsupported', { file, component: `the normalizer "${component.type}"` })
  }
}
