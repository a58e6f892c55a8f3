import type { Turn } from '../conversation.ts'
import type { Row } from '../handlers/handler.ts'
import { strip } from '../python-text.ts'
import type { Rejection } from '../rejections.ts'

/** How a row of the older guides says its messages. */
export interface InstructionForm {
  readonly columns: readonly string[]
  read(row: Row): Turn[] | Rejection
}

const user = (content: string): Turn => ({ role: 'user', content })
const assistant = (content: string): Turn => ({ role: 'assistant', content })

const form = (
  columns: readonly [string, string, string],
  toTurns: (...texts: [string, string, string]) => Turn[],
): InstructionForm => ({
  columns,
  read(row) {
    const texts = columns.map((column) => row[column])
    const bad = texts.findIndex((text) => typeof text !== 'string')
    if (bad >= 0) return { reason: 'badType', detail: columns[bad] ?? '' }
    const turns = toTurns(...(texts as [string, string, string]))
    return turns.length === 0 ? { reason: 'badMessageCount' } : turns
  },
})

/** GeneralInstructionHandler: one question, whatever stands in it, and one answer. */
export const plainInstruction = form(['instruction', 'input', 'output'], (instruction, input, output) => [
  user(`${instruction}\n${input}`),
  assistant(output),
])

/** BelleMultiTurnInstructionHandler: `Human:` and `Assistant:` in one text, whose last answer is the output. */
export const belleTurns = form(['instruction', 'input', 'output'], (instruction, _input, output) => {
  const turns: Turn[] = []
  for (const round of instruction.split('Human:')) {
    if (round === '') continue
    const [question = '', answer] = round.split('Assistant:')
    if (answer === undefined) turns.push(assistant(strip(question)))
    else turns.push(user(strip(question)), assistant(strip(answer)))
  }
  return turns.length === 0 ? [] : [...turns.slice(0, -1), assistant(strip(output))]
})

/** LeetcodePythonInstructionHandler: the problem up to its code, the code and its explanation. */
export const leetcode = form(['code_with_problem', 'code_only', 'explanation_only'], (problem, code, explanation) => [
  user(strip(problem.split('```', 1)[0] ?? '')),
  assistant(`${code}\n${explanation}`),
])
