import { z } from 'zod'

export const Locale = z.enum(['en', 'zh-CN'])
export type Locale = z.infer<typeof Locale>

/** A text in both languages. Plugins and the engine speak both; the reader chooses. */
export const Text = z.object({ en: z.string(), 'zh-CN': z.string() })
export type Text = z.infer<typeof Text>

/** Milliseconds since the epoch. */
export const Timestamp = z.number().int().nonnegative()
