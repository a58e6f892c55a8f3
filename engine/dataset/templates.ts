import type { ChatMessage } from '../protocol/chat.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { Turn } from './conversation.ts'
import { type Slot, type Template, type TemplateName, templates } from './templates/catalog.ts'
import { describeCall, describeTools } from './templates/tools.ts'
import { TokenBuffer } from './tokenizers/token-buffer.ts'
import type { Tokenizer } from './tokenizers/tokenizer.ts'

export type { TemplateName } from './templates/catalog.ts'

/** What a position contributes to the loss: nothing. */
export const IGNORED_LABEL = -100

export interface EncodedConversation {
  ids: number[]
  /** As long as `ids`; -100 where the position is not trained. */
  labels: number[]
}

/** A conversation with its answer, ready to be written in a template. */
export interface TemplateInput {
  readonly system: string
  /** Descriptions of tools as JSON; empty for none. */
  readonly tools: string
  readonly turns: readonly Turn[]
  /** Masks every turn but the last one, as pairwise data wants it. */
  readonly trainsLastOnly?: boolean
}

/**
 * A conversation for training: every assistant turn is trained, everything else is masked. Each text of the template
 * is tokenized on its own, as MindSpeed-LLM does, so that a SentencePiece tokenizer puts a space before each.
 * @param messages an optional system message, then user and assistant in turns, ending with the assistant
 * @throws input.invalid when the roles do not alternate so
 */
export function renderConversation(
  template: TemplateName,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
): EncodedConversation {
  const { system, turns } = splitSystem(messages)
  if (turns.length === 0 || turns.length % 2 !== 0)
    throw new AppError('input.invalid', { subject: 'messages', reason: 'the last one must be of the assistant' })
  const ids = new TokenBuffer()
  const labels = new TokenBuffer()
  renderTurnsInto(template, tokenizer, { system, tools: '', turns }, ids, labels)
  return { ids: ids.toArray(), labels: labels.toArray() }
}

/**
 * The same for turns of all roles, appended to buffers.
 * @param input turns of the user's side (user, observation) and the assistant's (assistant, function) in alternation
 */
export function renderTurnsInto(
  name: TemplateName,
  tokenizer: Tokenizer,
  { system, tools, turns, trainsLastOnly = false }: TemplateInput,
  ids: TokenBuffer,
  labels: TokenBuffer,
): void {
  const encoder = new TurnEncoder(name, tokenizer, system, tools)
  turns.forEach((message, turn) => {
    const start = ids.length
    encoder.encode(message, turn, ids)
    const isTrained = turn % 2 === 1 && (!trainsLastOnly || turn === turns.length - 1)
    for (let i = start; i < ids.length; i++) labels.push(isTrained ? (ids.data[i] ?? IGNORED_LABEL) : IGNORED_LABEL)
  })
}

/**
 * The ids after which the model is to write the next assistant turn.
 * @param messages an optional system message, then user and assistant in turns, ending with the user
 * @throws input.invalid when the roles do not alternate so
 */
export function renderPrompt(name: TemplateName, tokenizer: Tokenizer, messages: readonly ChatMessage[]): number[] {
  const { system, turns } = splitSystem(messages)
  if (turns.length % 2 !== 1)
    throw new AppError('input.invalid', { subject: 'messages', reason: 'the last one must be of the user' })
  const encoder = new TurnEncoder(name, tokenizer, system, '')
  const ids = new TokenBuffer()
  turns.forEach((message, turn) => encoder.encode(message, turn, ids))
  return ids.toArray()
}

/** Ids that end an assistant turn. */
export function stopIds(_name: TemplateName, tokenizer: Tokenizer): number[] {
  return [tokenizer.eosId]
}

/** @throws dataset.templateToken when the tokenizer lacks a token that the template cannot do without */
export function checkTemplate(name: TemplateName, tokenizer: Tokenizer): void {
  const { user, assistant } = templates[name]
  if ([...user, ...assistant].includes('bos') && tokenizer.bosId === null) {
    throw new AppError('dataset.templateToken', { template: name, token: 'BOS', path: tokenizer.path })
  }
}

class TurnEncoder {
  readonly #template: Template
  readonly #tokenizer: Tokenizer
  /** The whole block of the system text and the tools; empty for none. */
  readonly #system: string

  constructor(name: TemplateName, tokenizer: Tokenizer, system: string, tools: string) {
    checkTemplate(name, tokenizer)
    this.#template = templates[name]
    this.#tokenizer = tokenizer
    const text = system || this.#template.defaultSystem
    // Tools that cannot be read add no text, but the block is written all the same.
    const hasBlock = text !== '' || tools !== ''
    this.#system = hasBlock ? fill(this.#template.system, text + (tools === '' ? '' : describeTools(tools))) : ''
  }

  encode({ role, content }: Turn, turn: number, ids: TokenBuffer): void {
    const template = this.#template
    const system = turn === 0 ? this.#system : ''
    if (turn === 0) this.#slots(template.prefix, '', ids)
    else if (turn % 2 === 0) this.#slots(template.separator, '', ids)
    if (!template.isSystemInUser) this.#text(system, ids)
    switch (role) {
      case 'user':
        return this.#slots(template.user, template.isSystemInUser ? system + content : content, ids)
      case 'observation':
        return this.#slots(template.observation ?? template.user, content, ids)
      case 'assistant':
        return this.#slots(template.assistant, content, ids)
      case 'function':
        return this.#slots(FUNCTION, describeCall(content), ids)
    }
  }

  #slots(slots: readonly Slot[], content: string, ids: TokenBuffer): void {
    for (const slot of slots) {
      if (slot === 'eos') ids.push(this.#tokenizer.eosId)
      else if (slot !== 'bos') this.#text(fill(slot.text, content), ids)
      else if (this.#tokenizer.bosId !== null) ids.push(this.#tokenizer.bosId)
    }
  }

  #text(text: string, ids: TokenBuffer): void {
    if (text !== '') this.#tokenizer.encodeInto(text, ids)
  }
}

/** All templates write a call of a tool alike. */
const FUNCTION: readonly Slot[] = [{ text: '{c}' }, 'eos']

const fill = (pattern: string, content: string): string => pattern.replace('{c}', () => content)

/** Checks the order of the roles: system first if at all, then user and assistant in turns. */
function splitSystem(messages: readonly ChatMessage[]): { system: string; turns: Turn[] } {
  const [first] = messages
  const hasSystem = first?.role === 'system'
  const turns = (hasSystem ? messages.slice(1) : messages).map(({ role, content }, turn): Turn => {
    const expected = turn % 2 === 0 ? 'user' : 'assistant'
    if (role === expected) return { role: expected, content }
    const reason = `number ${turn + 1} must be of the ${expected}, it is of the ${role}`
    throw new AppError('input.invalid', { subject: 'messages', reason })
  })
  return { system: hasSystem ? first.content : '', turns }
}
