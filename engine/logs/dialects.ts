import type { JournalEntryBody } from '../protocol/jobs.ts'
import type { LogDialect } from '../protocol/plan.ts'
import { parseMegatronLine } from './megatron.ts'

/** What one line of output means, in the order it is to be written down; nothing for most lines. Keeps no state. */
export type LineParser = (line: string) => JournalEntryBody[]

/**
 * The parser of a dialect, or null where lines mean nothing. The reference runtime prints in Megatron's form.
 * MindFormers and msrun have a form of their own; until there is a parser for it, such output is text only.
 */
export function parserOf(dialect: LogDialect): LineParser | null {
  switch (dialect) {
    case 'megatron':
    case 'reference':
      return parseMegatronLine
    case 'mindformers':
    case 'msrun':
    case 'plain':
      return null
  }
}
