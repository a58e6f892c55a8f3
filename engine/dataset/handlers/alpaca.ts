import type { AlpacaColumns } from '../../protocol/tasks.ts'
import type { Conversation, Turn } from '../conversation.ts'
import type { Rejection } from '../rejections.ts'
import { asRow, type Row, type RowHandler } from './handler.ts'

type Role = keyof AlpacaColumns

export interface AlpacaOptions {
  /** Reads the columns `chosen` and `rejected` instead of `response`. */
  readonly isPairwise?: boolean
  /** Does what MindSpeed-LLM 1.0.0 does where its guide promises something else. */
  readonly isCompat?: boolean
}

/**
 * Rows with an instruction, an optional input and an output, as MindSpeed-LLM's AlpacaStyleInstructionHandler and
 * AlpacaStylePairwiseHandler read them: history pairs first, then prompt and query joined by a line break, then the
 * response or the two answers.
 */
export class AlpacaHandler implements RowHandler {
  readonly columns: readonly string[]
  readonly #map: AlpacaColumns
  readonly #isPairwise: boolean
  readonly #isCompat: boolean

  constructor(map: AlpacaColumns, { isPairwise = false, isCompat = false }: AlpacaOptions = {}) {
    this.#map = map
    this.#isPairwise = isPairwise
    this.#isCompat = isCompat
    const answers: readonly Role[] = isPairwise ? ['chosen', 'rejected'] : ['response']
    const roles: readonly Role[] = ['prompt', 'query', ...answers, 'history', 'system']
    this.columns = [...new Set(roles.map((role) => map[role]).filter((column) => column !== ''))]
  }

  read(value: unknown): Conversation | Rejection {
    const row = asRow(value)
    if (row === null) return { reason: 'notObject' }
    const at = (role: Role): unknown => (this.#map[role] === '' ? undefined : row[this.#map[role]])
    for (const role of ['prompt', 'query', 'system'] as const) {
      const given = at(role)
      if (given !== undefined && given !== null && typeof given !== 'string') {
        return { reason: 'badType', detail: this.#map[role] }
      }
    }
    const history = toHistory(at('history'))
    if (!Array.isArray(history)) return history
    const content = [at('prompt'), at('query')].filter((part) => typeof part === 'string' && part !== '').join('\n')
    const given = at('system')
    const system = typeof given === 'string' ? given : ''
    const answers = this.#isPairwise ? this.#readPair(row) : toResponse(at('response'), this.#map.response)
    if (!Array.isArray(answers)) {
      // The original keeps such a row as an empty question with an empty answer.
      if (answers.reason === 'severalResponses' && this.#isCompat) {
        return { system, tools: '', prompt: [{ role: 'user', content: '' }], answers: [answer('')] }
      }
      return answers
    }
    return { system, tools: '', prompt: [...history, { role: 'user', content }], answers }
  }

  #readPair(row: Row): Turn[] | Rejection {
    const { chosen, rejected } = this.#map
    const better = row[chosen]
    const worse = row[rejected]
    if (Array.isArray(better)) {
      // The original takes the second of the rejected answers, which is none when there is only one.
      const other: unknown = Array.isArray(worse) ? worse[this.#isCompat ? 1 : 0] : worse
      return toPair(better[0], other, chosen, rejected)
    }
    return toPair(better, worse, chosen, rejected)
  }
}

const answer = (content: string): Turn => ({ role: 'assistant', content })

function toPair(better: unknown, worse: unknown, chosen: string, rejected: string): Turn[] | Rejection {
  if (better === undefined || better === null) return { reason: 'noResponse', detail: chosen }
  if (worse === undefined || worse === null) return { reason: 'noResponse', detail: rejected }
  if (typeof better !== 'string') return { reason: 'badType', detail: chosen }
  if (typeof worse !== 'string') return { reason: 'badType', detail: rejected }
  return [answer(better), answer(worse)]
}

function toHistory(value: unknown): Turn[] | Rejection {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) return { reason: 'badHistory' }
  const messages: Turn[] = []
  for (const [turn, pair] of value.entries()) {
    const [question, reply] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : []
    if (typeof question !== 'string' || typeof reply !== 'string') {
      return { reason: 'badHistory', detail: `turn ${turn + 1}` }
    }
    messages.push({ role: 'user', content: question }, answer(reply))
  }
  return messages
}

function toResponse(value: unknown, column: string): Turn[] | Rejection {
  if (typeof value === 'string') return [answer(value)]
  if (value === undefined || value === null) return { reason: 'noResponse' }
  if (!Array.isArray(value)) return { reason: 'badType', detail: column }
  if (value.length === 0) return { reason: 'noResponse' }
  if (value.length > 1) return { reason: 'severalResponses' }
  return typeof value[0] === 'string' ? [answer(value[0])] : { reason: 'badType', detail: column }
}
