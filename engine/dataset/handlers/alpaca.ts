import type { ChatMessage } from '../../protocol/chat.ts'
import type { AlpacaColumns } from '../../protocol/tasks.ts'
import type { Rejection } from '../rejections.ts'
import type { RowHandler } from './handler.ts'

/**
 * Rows with an instruction, an optional input and an output, as MindSpeed-LLM's AlpacaStyleInstructionHandler reads
 * them: history pairs first, then prompt and query joined by a line break, then the response.
 */
export class AlpacaHandler implements RowHandler {
  readonly columns: readonly string[]
  readonly #map: AlpacaColumns

  constructor(map: AlpacaColumns) {
    this.#map = map
    this.columns = [...new Set(Object.values(map).filter((column) => column !== ''))]
  }

  toMessages(row: unknown): ChatMessage[] | Rejection {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return { reason: 'notObject' }
    const value = (role: keyof AlpacaColumns): unknown =>
      this.#map[role] === '' ? undefined : (row as Record<string, unknown>)[this.#map[role]]
    for (const role of ['prompt', 'query', 'system'] as const) {
      const given = value(role)
      if (given !== undefined && given !== null && typeof given !== 'string') {
        return { reason: 'badType', detail: this.#map[role] }
      }
    }
    const history = toHistory(value('history'))
    if (!Array.isArray(history)) return history
    const response = toResponse(value('response'), this.#map.response)
    if (typeof response !== 'string') return response
    const content = [value('prompt'), value('query')]
      .filter((part) => typeof part === 'string' && part !== '')
      .join('\n')
    const system = value('system')
    return [
      ...(typeof system === 'string' && system !== '' ? [{ role: 'system' as const, content: system }] : []),
      ...history,
      { role: 'user', content },
      { role: 'assistant', content: response },
    ]
  }
}

function toHistory(value: unknown): ChatMessage[] | Rejection {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return { reason: 'badHistory' }
  const messages: ChatMessage[] = []
  for (const [turn, pair] of value.entries()) {
    const [question, answer] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : []
    if (typeof question !== 'string' || typeof answer !== 'string') {
      return { reason: 'badHistory', detail: `turn ${turn + 1}` }
    }
    messages.push({ role: 'user', content: question }, { role: 'assistant', content: answer })
  }
  return messages
}

function toResponse(value: unknown, column: string): string | Rejection {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return { reason: 'noResponse' }
  if (!Array.isArray(value)) return { reason: 'badType', detail: column }
  if (value.length === 0) return { reason: 'noResponse' }
  if (value.length > 1) return { reason: 'severalResponses' }
  return typeof value[0] === 'string' ? value[0] : { reason: 'badType', detail: column }
}
