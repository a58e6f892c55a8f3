import type { MindRecordSpec } from '../../protocol/tasks.ts'
import type { Rejection } from '../rejections.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { ChatmlHandler } from './chatml.ts'
import { IGNORED, type RecordHandler, isObject, isRecords } from './handler.ts'
import { QaHandler } from './qa.ts'
import { SquadHandler } from './squad.ts'
import { dialogSample, telechatTokens, toText, turnsOf } from './telechat-samples.ts'
import { wikiFrame } from './wiki.ts'

export type WholeRow = Pick<MindRecordSpec, 'handler' | 'mode' | 'tokens'>

/** Ids and labels of one row by itself, neither cut, filled up nor joined with others. */
interface Whole {
  readonly ids: Int32Array
  readonly labels: Int32Array
}

/** What the words around the texts of a row (system prompt, roles) take at most, in tokens; and those of one message. */
const AROUND_ROW = 1024
const AROUND_MESSAGE = 64

/**
 * Encodes rows one by one as a handler does, but each as a whole: the handlers that fill up get more room than a row
 * can need, and the filling is taken off again.
 * @throws dataset.tokenMissing
 */
export function rowEncoder(spec: WholeRow, tokenizer: Tokenizer): (row: unknown) => Whole | Rejection {
  switch (spec.handler) {
    case 'wiki':
      return (row) => {
        if (!isObject(row) || typeof row.text !== 'string') return { reason: 'badType', detail: 'text' }
        const { before, after } = wikiFrame(tokenizer)
        const ids = Int32Array.from([...before, ...tokenizer.encode(row.text), ...after])
        return { ids, labels: ids }
      }
    case 'qa':
      return filled((room) => new QaHandler(tokenizer, room))
    case 'squad':
      return filled((room) => new SquadHandler(tokenizer, room, spec.mode))
    case 'chatml':
      return filled((room) => new ChatmlHandler(tokenizer, room))
    case 'telechat':
      return telechatRows(spec, tokenizer)
  }
}

function filled(handlerOf: (room: number) => RecordHandler): (row: unknown) => Whole | Rejection {
  return (row) => {
    const handler = handlerOf(roomFor(row))
    const result = handler.records(row)
    if (!isRecords(result)) return result
    const [record] = result
    const ids = record?.input_ids ?? new Int32Array(0)
    const labels = record?.labels ?? record?.target_ids ?? ids
    let end = ids.length
    while (end > 0 && ids[end - 1] === handler.padId) end--
    return { ids: ids.subarray(0, end), labels: labels.subarray(0, end) }
  }
}

/** No token is shorter than a byte. */
function roomFor(row: unknown): number {
  const text = JSON.stringify(row) ?? ''
  const messages = text.split('{').length
  return Buffer.byteLength(text) + AROUND_ROW + messages * AROUND_MESSAGE
}

function telechatRows({ tokens: names }: WholeRow, tokenizer: Tokenizer): (row: unknown) => Whole | Rejection {
  const tokens = telechatTokens(tokenizer, names)
  const whole = (starts: number, ids: readonly number[], labels: readonly number[]): Whole => ({
    ids: Int32Array.from([...new Array<number>(starts).fill(tokens.start), ...ids]),
    labels: Int32Array.from([...new Array<number>(starts).fill(IGNORED), ...labels]),
  })
  return (row) => {
    if (!isObject(row)) return { reason: 'notObject' }
    if (Array.isArray(row.dialog)) {
      if (typeof row.system !== 'string') return { reason: 'badType', detail: 'system' }
      const { ids, labels, starts } = dialogSample(row.system, row.dialog, tokenizer, tokens)
      return whole(starts, ids, labels)
    }
    if (typeof row.input !== 'string') return { reason: 'badType', detail: 'input' }
    if (typeof row.output !== 'string') return { reason: 'noResponse', detail: 'output' }
    const { ids, labels } = turnsOf(toText(row.input, row.output, names), names, tokens, tokenizer)
    return whole(names.start === '' ? 0 : 1, ids, labels)
  }
}
