import type { Rejection } from '../rejections.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { IGNORED, type Record32, type RecordHandler, fitTo, isObject } from './handler.ts'

const SYSTEM =
  'A chat between a curious user and an artificial intelligence assistant. ' +
  "The assistant gives helpful, detailed, and polite answers to the user's questions."
const NAMES = ['USER', 'ASSISTANT'] as const
const END = '</s>'
const MARK = ' ASSISTANT: '
const roles = new Map([
  ['human', 0],
  ['gpt', 1],
])

/**
 * Conversations of `human` and `gpt` in the words of Vicuna, questions masked: `llama_preprocess.py --dataset_type qa`.
 * Where rounds cannot be told apart in the ids (a text holds the mark of the assistant, a row is too long), the labels
 * of the whole row are masked, as in the original.
 */
export class QaHandler implements RecordHandler {
  readonly columns = ['input_ids', 'labels']
  readonly description = 'qa'
  readonly padId: number
  readonly #tokenizer: Tokenizer
  readonly #length: number

  /** @param length of the records: the sequence length and one more */
  constructor(tokenizer: Tokenizer, length: number) {
    this.#tokenizer = tokenizer
    this.#length = length
    this.padId = tokenizer.padId ?? 0
  }

  records(row: unknown): Record32[] | Rejection {
    if (!isObject(row)) return { reason: 'notObject' }
    const turns = toTurns(row.conversations)
    if (!Array.isArray(turns)) return turns
    const rounds = render(turns).split(END)
    const end = rounds.indexOf('')
    return [this.#encode(end < 0 ? rounds : rounds.slice(0, end))]
  }

  #encode(rounds: readonly string[]): Record32 {
    const bos = this.#tokenizer.bosId ?? 1
    const pad = this.padId
    const encoded = rounds.map((round) => this.#tokenizer.encode(round))
    const ids = [bos, ...encoded.flatMap((part) => [...part, this.#tokenizer.eosId])]
    const labels = fitTo(ids, Math.max(ids.length, this.#length), pad)
    const total = labels.reduce((count, id) => (id === pad ? count : count + 1), 0)
    labels[0] = IGNORED
    let cursor = 1
    for (const [i, round] of rounds.entries()) {
      const parts = round.split(MARK)
      if (parts.length !== 2) break
      // Beginning, end and the space behind the mark are no part of what is masked.
      const instruction = this.#tokenizer.encode(parts[0] + MARK).length - 1
      labels.fill(IGNORED, cursor, cursor + Math.max(0, instruction))
      cursor += (encoded[i]?.length ?? 0) + 1
    }
    labels.fill(IGNORED, cursor)
    if (cursor < this.#length && cursor !== total) labels.fill(IGNORED)
    return { input_ids: fitTo(ids, this.#length, pad), labels: labels.slice(0, this.#length) }
  }
}

interface Turn {
  readonly role: number
  readonly text: string
}

function toTurns(value: unknown): Turn[] | Rejection {
  if (!Array.isArray(value) || value.length === 0) return { reason: 'badMessages', detail: 'conversations' }
  const turns: Turn[] = []
  for (const [i, message] of (value as unknown[]).entries()) {
    const role = isObject(message) && typeof message.from === 'string' ? roles.get(message.from) : undefined
    if (!isObject(message) || role === undefined) return { reason: 'badRole', detail: `message ${i + 1}` }
    // A conversation that starts with an answer starts with what follows it.
    if (i === 0 && role !== 0) continue
    if (role !== turns.length % 2) return { reason: 'badRole', detail: `message ${i + 1}` }
    if (typeof message.value !== 'string') return { reason: 'noContent', detail: `message ${i + 1}` }
    turns.push({ role, text: message.value })
  }
  return turns
}

const render = (turns: readonly Turn[]): string =>
  `${SYSTEM} ` +
  turns
    .map(({ role, text }) => (text === '' ? `${NAMES[role]}:` : `${NAMES[role]}: ${text}${role === 0 ? ' ' : END}`))
    .join('')
