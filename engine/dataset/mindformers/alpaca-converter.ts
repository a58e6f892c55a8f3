import type { Rejection } from '../rejections.ts'
import { isObject } from './handler.ts'

const WITH_INPUT =
  'Below is an instruction that describes a task, paired with an input that provides further context. ' +
  'Write a response that appropriately completes the request.\n\n### Instruction:\n'
const WITHOUT_INPUT =
  'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n' +
  '### Instruction:\n'

interface AlpacaRow {
  readonly instruction: string
  readonly input: string
  readonly output: string
}

/** The texts of an alpaca row; a missing input is an empty one. */
export function readAlpacaRow(row: unknown): AlpacaRow | Rejection {
  if (!isObject(row)) return { reason: 'notObject' }
  const { instruction, input = '', output } = row
  if (typeof instruction !== 'string') return { reason: 'badType', detail: 'instruction' }
  if (typeof input !== 'string') return { reason: 'badType', detail: 'input' }
  if (typeof output !== 'string') return { reason: 'noResponse' }
  return { instruction, input, output }
}

/** A conversation for `llama_preprocess.py`. @param number of the row, from 1 */
export function toLlamaConversation({ instruction, input, output }: AlpacaRow, number: number): object {
  const value =
    input === ''
      ? `${WITHOUT_INPUT}${instruction}\n\n### Response:`
      : `${WITH_INPUT}${instruction}\n\n### Input:\n${input}\n\n### Response:`
  return {
    id: String(number),
    conversations: [
      { from: 'human', value },
      { from: 'gpt', value: output },
    ],
  }
}

/** Messages for `qwen1_5_preprocess.py`. */
export function toQwenMessages({ instruction, input, output }: AlpacaRow): object {
  const content = input === '' ? instruction : `${instruction.replace(/\.$/, '')}: ${input}`
  return {
    type: 'chatml',
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content },
      { role: 'assistant', content: output },
    ],
  }
}

/** JSON on one line as Python's `json.dumps` writes it: a space behind `,` and `:`, ASCII only. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (isObject(value)) {
    const members = Object.entries(value).map(([name, member]) => `${pythonJson(name)}: ${pythonJson(member)}`)
    return `{${members.join(', ')}}`
  }
  return JSON.stringify(value).replace(
    /[\x80-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
