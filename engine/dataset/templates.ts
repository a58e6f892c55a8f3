import type { ChatMessage } from '../protocol/chat.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { Turn } from './conversation.ts'
import { type Slot, type Template, type TemplateName, templates } from './templates/catalog.ts'
import { describeTools, readCall } from './templates/tools.ts'
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
  const { isEosShared } = templates[name]
  const { eosId } = tokenizer
  turns.forEach((message, turn) => {
    const start = ids.length
    encoder.encode(message, turn, ids)
    const isTrained = turn % 2 === 1 && (!trainsLastOnly || turn === turns.length - 1)
    for (let i = start; i < ids.length; i++) labels.push(isTrained ? (ids.data[i] ?? IGNORED_LABEL) : IGNORED_LABEL)
    // The answer before learns to stop at the first token of this turn.
    if (isEosShared && !trainsLastOnly && turn > 0 && turn % 2 === 0 && ids.length > start) labels.data[start] = eosId
  })
  if (!isEosShared) return
  ids.push(eosId)
  labels.push(eosId)
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
  const { user, assistant, observation, system, prefix } = templates[name]
  if ([...user, ...assistant].includes('bos') && tokenizer.bosId === null) {
    throw new AppError('dataset.templateToken', { template: name, token: 'BOS', path: tokenizer.path })
  }
  for (const slot of [...prefix, ...system, ...user, ...(observation ?? []), ...assistant]) {
    if (typeof slot === 'string' || !('token' in slot) || tokenizer.idOf(slot.token) !== null) continue
    throw new AppError('dataset.templateToken', { template: name, token: slot.token, path: tokenizer.path })
  }
}

class TurnEncoder {
  readonly #template: Template
  readonly #tokenizer: Tokenizer
  /** The system text and the tools; null for no block of them. */
  readonly #system: string | null

  constructor(name: TemplateName, tokenizer: Tokenizer, system: string, tools: string) {
    checkTemplate(name, tokenizer)
    this.#template = templates[name]
    this.#tokenizer = tokenizer
    const text = system || this.#template.defaultSystem
    const described = tools !== '' && this.#template.describesTools ? describeTools(tools) : ''
    // Tools that cannot be read add no text, but the block is written all the same.
    this.#system = text === '' && tools === '' ? null : text + described
  }

  encode({ role, content }: Turn, turn: number, ids: TokenBuffer): void {
    const template = this.#template
    if (turn === 0) this.#slots(template.prefix, {}, ids)
    else if (turn % 2 === 0) this.#slots(template.separator, {}, ids)
    const system = turn === 0 ? this.#system : null
    if (system !== null && !template.isSystemInUser) this.#slots(template.system, { c: system }, ids)
    switch (role) {
      case 'user':
        return this.#slots(template.user, { c: this.#systemInUser(system) + content, idx: String(turn / 2) }, ids)
      case 'observation':
        // The original gives no number here, so the place of it stays as it is.
        return this.#slots(template.observation ?? template.user, { c: content }, ids)
      case 'assistant':
        return this.#slots(template.assistant, { c: content }, ids)
      case 'function':
        return this.#slots(template.call, readCall(content), ids)
    }
  }

  #systemInUser(system: string | null): string {
    const [slot] = this.#template.system
    const isInside = system !== null && this.#template.isSystemInUser && typeof slot === 'object' && 'text' in slot
    return isInside ? fill(slot.text, { c: system }) : ''
  }

  #slots(slots: readonly Slot[], values: Readonly<Record<string, string>>, ids: TokenBuffer): void {
    for (const slot of slots) {
      if (slot === 'eos') ids.push(this.#tokenizer.eosId)
      else if (slot === 'bos') {
        if (this.#tokenizer.bosId !== null) ids.push(this.#tokenizer.bosId)
      } else if ('token' in slot) {
        const id = this.#tokenizer.idOf(slot.token)
        if (id !== null) ids.push(id)
      } else {
        const text = fill(slot.text, values)
        if (text !== '') this.#tokenizer.encodeInto(text, ids)
      }
    }
  }
}

/** Puts the values in the places of their names. What stands in a value stays as it is. */
const fill = (pattern: string, values: Readonly<Record<string, string>>): string =>
  pattern.replace(
    /\{\{(idx)\}\}|\{(c|name|arguments)\}/g,
    (place, round: string | undefined, name: string) => values[round ?? name] ?? place,
  )

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
