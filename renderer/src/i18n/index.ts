import { type CodedError, describeError, type Locale, type Text, toCodedError } from '#engine/protocol/index.ts'
import { computed, type Ref } from 'vue'
import { createI18n } from 'vue-i18n'
import { type MessageKey, messagesOf } from './messages.ts'

export type { MessageKey } from './messages.ts'

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: 'en',
  // Keys are checked by `t` below; the library's own inference over the whole tree is too deep for the compiler.
  messages: { en: messagesOf('en'), 'zh-CN': messagesOf('zh-CN') } as unknown as Record<Locale, Record<string, string>>,
  missingWarn: false,
  fallbackWarn: false,
})

/** The language that is shown now. */
export const locale: Readonly<Ref<Locale>> = computed(() => i18n.global.locale.value as Locale)

/** The best of our languages for a BCP 47 tag. */
export const matchLocale = (tag: string): Locale => (/^zh\b/i.test(tag) ? 'zh-CN' : 'en')

export function chooseLocale(value: Locale | 'system', systemLocale: string = navigator.language): void {
  const chosen = value === 'system' ? matchLocale(systemLocale) : value
  i18n.global.locale.value = chosen
  document.documentElement.lang = chosen
}

const translate = i18n.global.t as unknown as (key: string, params: Record<string, unknown>, count?: number) => string

/** A text of the page; with `count` it picks among the plural forms `one | many`. Reactive where it is drawn. */
export function t(key: MessageKey, params: Record<string, unknown> = {}, count?: number): string {
  return count === undefined ? translate(key, params) : translate(key, { n: count, count, ...params }, count)
}

/** A text of the engine or a plugin in the language that is shown. */
export const text = (value: Text): string => value[locale.value]

/** Any failure as a sentence in the language that is shown. */
export function errorText(error: unknown): string {
  const isCoded = typeof error === 'object' && error !== null && 'code' in error && 'params' in error
  return describeError(isCoded ? (error as CodedError) : toCodedError(error), locale.value)
}
