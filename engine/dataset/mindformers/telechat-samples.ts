import { AppError } from '../../protocol/errors/index.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { IGNORED, isObject } from './handler.ts'

/** Names of the special tokens; an empty start is none. */
export interface TelechatNames {
  readonly start: string
  readonly user: string
  readonly bot: string
  readonly end: string
  readonly pad: string
}

/** Ids of the special tokens, and of the two that make a line break behind an answer. */
export interface TelechatTokens {
  readonly start: number
  readonly system: number
  readonly user: number
  readonly bot: number
  readonly end: number
  readonly pad: number
  readonly lineBreak: readonly number[]
}

/** @throws dataset.tokenMissing where the vocabulary lacks one of the names */
export function telechatTokens(tokenizer: Tokenizer, names: TelechatNames): TelechatTokens {
  const idOf = new Map<string, number>()
  for (let id = tokenizer.vocabSize - 1; id >= 0; id--) idOf.set(tokenizer.piece(id), id)
  const required = (name: string): number => {
    const id = idOf.get(name)
    if (id === undefined) throw new AppError('dataset.tokenMissing', { token: name, path: tokenizer.path })
    return id
  }
  // The guide's script writes these two numbers, which are right for TeleChat2's own vocabulary.
  const isOwn = tokenizer.piece(126136) === '▁'
  const lineBreak = isOwn ? [126136, 29] : [idOf.get('▁'), idOf.get('\n') ?? idOf.get('<0x0A>')]
  return {
    start: names.start === '' ? 0 : required(names.start),
    system: idOf.get('<_system>') ?? -1,
    user: required(names.user),
    bot: required(names.bot),
    end: required(names.end),
    pad: required(names.pad),
    lineBreak: lineBreak.filter((id) => id !== undefined),
  }
}

interface Sample {
  readonly ids: number[]
  readonly labels: number[]
}

/** A row of `system` and `dialog`: answers and their ends are trained. Messages of other roles are passed over. */
export function dialogSample(
  system: string,
  dialog: readonly unknown[],
  tokenizer: Tokenizer,
  tokens: TelechatTokens,
): Sample & { starts: number } {
  const ids: number[] = []
  const labels: number[] = []
  const add = (part: readonly number[], isTrained: boolean) => {
    ids.push(...part)
    labels.push(...(isTrained ? part : part.map(() => IGNORED)))
  }
  if (tokens.system < 0) throw new AppError('dataset.tokenMissing', { token: '<_system>', path: tokenizer.path })
  add([tokens.system, ...tokenizer.encode(system)], false)
  for (const message of dialog) {
    if (!isObject(message) || typeof message.content !== 'string') continue
    const content = tokenizer.encode(message.content)
    if (message.role === 'user') add([tokens.user, ...content], false)
    if (message.role !== 'bot') continue
    add([tokens.bot], false)
    add([...content, tokens.end], true)
    add(tokens.lineBreak, false)
  }
  return { ids, labels, starts: 0 }
}

/** A row of `input` and `output` as one text with all marks: an end behind each answer. */
export function toText(input: string, output: string, names: TelechatNames): string {
  let text = input.replaceAll('<_user>', names.user).replaceAll('<_bot>', names.bot)
  if (!text.startsWith(names.user)) text = names.user + text
  if (!text.includes(names.bot)) return text + names.bot + output + names.end
  const turns = text.split(names.user).slice(1)
  const marked = turns.map((turn) => names.user + turn + (turn.includes(names.bot) ? names.end : names.bot))
  return marked.join('') + output + names.end
}

/**
 * The ids of a text with marks. Questions and answers are found independently of each other and paired in order, so
 * that a text whose marks do not match loses some of it, as in the original.
 */
export function turnsOf(text: string, names: TelechatNames, tokens: TelechatTokens, tokenizer: Tokenizer): Sample {
  const questions = text
    .split(names.user)
    .slice(1)
    .map((turn) => turn.split(names.bot)[0] ?? '')
  const answers = text
    .split(names.end)
    .slice(0, -1)
    .map((turn) => turn.split(names.bot).at(-1) ?? '')
  const ids: number[] = []
  const labels: number[] = []
  for (const [i, question] of questions.slice(0, answers.length).entries()) {
    const asked = tokenizer.encode(question)
    const answered = [...tokenizer.encode(answers[i] ?? ''), tokens.end]
    ids.push(tokens.user, ...asked, tokens.bot, ...answered)
    labels.push(IGNORED, ...asked.map(() => IGNORED), IGNORED, ...answered)
  }
  return { ids, labels }
}
