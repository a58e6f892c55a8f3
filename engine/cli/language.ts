import type { Locale } from '../protocol/text.ts'

/** The language of texts for people: `--lang`, else what LC_ALL or LANG ask for. */
export function chooseLocale(option: string | undefined, env: NodeJS.ProcessEnv): Locale {
  const wanted = option ?? (env.LC_ALL || env.LANG || '')
  return wanted.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}
