import { z } from 'zod'
import { AppError } from '../../protocol/errors/index.ts'
import type { Component } from './huggingface-json.ts'
import { toRegExp } from './rust-pattern.ts'

export type TextStep = (text: string) => string

const pattern = z.union([z.object({ String: z.string() }), z.object({ Regex: z.string() })])

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
    case 'Lowercase':
      return (text) => text.toLowerCase()
    default:
      throw new AppError('dataset.tokenizerUnsupported', { file, component: `the normalizer "${component.type}"` })
  }
}
