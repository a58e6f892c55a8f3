import type { Text } from '../../../protocol/text.ts'

export type LogCategory =
  | 'progress'
  | 'environment'
  | 'permission'
  | 'process'
  | 'port'
  | 'memory'
  | 'hccl-link'
  | 'hccl-timeout'
  | 'hccl-config'
  | 'operator'
  | 'framework'
  | 'training'
  | 'dataset'
  | 'checkpoint'

/** One known failure: what shows it, what it is called, why it happens and what to do. */
export interface LogRule {
  code: string
  category: LogCategory
  pattern: RegExp
  cause: Text
  remedy: Text
}

export function rule(
  code: string,
  category: LogCategory,
  pattern: RegExp,
  cause: [en: string, zh: string],
  remedy: [en: string, zh: string],
): LogRule {
  return {
    code,
    category,
    pattern,
    cause: { en: cause[0], 'zh-CN': cause[1] },
    remedy: { en: remedy[0], 'zh-CN': remedy[1] },
  }
}
