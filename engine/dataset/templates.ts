import type { ChatMessage } from '../protocol/chat.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { PreprocessSpec } from '../protocol/tasks.ts'
import { TokenBuffer } from './tokenizers/token-buffer.ts'
import type { Tokenizer } from './tokenizers/tokenizer.ts'

/** What a position contributes to the loss: nothing. */
export const IGNORED_LABEL = -100

export type TemplateName = PreprocessSpec['template']

/** A slot is a special token, or a text in which `{c}` is the content of the message. */
type Slot = 'bos' | 'eos' | { readonly text: string }

interface Template {
  readonly user: readonly Slot[]
  readonly assistant: readonly Slot[]
  readonly system: string
  /** Stands before every user turn but the first. */
  readonly separator: readonly Slot[]
  readonly defaultSystem: string
  /** Puts the system text inside the first user message instead of before it. */
  readonly isSystemInUser: boolean
}

const base: Template = {
  user: [{ text: '{c}' }],
  assistant: [{ text: '{c}' }, 'eos'],
  system: '{c}',
  separator: [],
  defaultSystem: '',
  isSystemInUser: false,
}

/** Word for word those of MindSpeed-LLM 1.0.0 (`--prompt-type`). */
const templates: Record<TemplateName, Template> = {
  empty: { ...base, assistant: [{ text: '{c}' }] },
  default: {
    ...base,
    user: [{ text: 'Human: {c}\nAssistant:' }],
    system: '{c}\n',
    separator: [{ text: '\n' }],
  },
  llama2: {
    ...base,
    user: ['bos', { text: '[INST] {c} [/INST]' }],
    system: '<<SYS>>\n{c}\n<</SYS>>\n\n',
    isSystemInUser: true,
  },
  alpaca: {
    ...base,
    user: [{ text: '### Instruction:\n{c}\n\n### Response:\n' }],
    separator: [{ text: '\n\n' }],
    defaultSystem:
      'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n',
  },
}

export interface EncodedConversation {
  ids: number[]
  /** As long as `ids`; -100 where the position is not trained. */
  labels: number[]
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
  const ids = new TokenBuffer()
  const labels = new TokenBuffer()
  renderConversationInto(template, tokenizer, messages, ids, labels)
  return { ids: ids.toArray(), labels: labels.toArray() }
}

/** The same, appended to buffers. */
export function renderConversationInto(
  name: TemplateName,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  ids: TokenBuffer,
  labels: TokenBuffer,
): void {
  const { system, turns } = splitSystem(messages)
  if (turns.length === 0 || turns.length % 2 !== 0)
    throw new AppError('input.invalid', { subject: 'messages', reason: 'the last one must be of the assistant' })
  const encoder = new TurnEncoder(name, tokenizer, system)
  turns.forEach((message, turn) => {
    const start = ids.length
    encoder.encode(message, turn, ids)
    for (let i = start; i < ids.length; i++)
      labels.push(turn % 2 === 0 ? IGNORED_LABEL : (ids.data[i] ?? IGNORED_LABEL))
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
  const encoder = new TurnEncoder(name, tokenizer, system)
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
  readonly #system: string

  constructor(name: TemplateName, tokenizer: Tokenizer, system: string) {
    checkTemplate(name, tokenizer)
    this.#template = templates[name]
    this.#tokenizer = tokenizer
    this.#system = system || this.#template.defaultSystem
  }

  encode(message: ChatMessage, turn: number, ids: TokenBuffer): void {
    const template = this.#template
    const system = turn === 0 && this.#system !== '' ? fill(template.system, this.#system) : ''
    if (turn > 0 && turn % 2 === 0) this.#slots(template.separator, '', ids)
    if (!template.isSystemInUser) this.#text(system, ids)
    const content = template.isSystemInUser ? system + message.content : message.content
    this.#slots(message.role === 'user' ? template.user : template.assistant, content, ids)
  }

  #slots(slots: readonly Slot[], content: string, ids: TokenBuffer): void {
    for (const slot of slots) {
      if (slot === 'bos') ids.push(this.#tokenizer.bosId ?? 0)
      else if (slot === 'eos') ids.push(this.#tokenizer.eosId)
      else this.#text(fill(slot.text, content), ids)
    }
  }

  #text(text: string, ids: TokenBuffer): void {
    if (text !== '') this.#tokenizer.encodeInto(text, ids)
  }
}

const fill = (pattern: string, content: string): string => pattern.replace('{c}', () => content)

/** Checks the order of the roles: system first if at all, then user and assistant in turns. */
function splitSystem(messages: readonly ChatMessage[]): { system: string; turns: readonly ChatMessage[] } {
  const [first] = messages
  const hasSystem = first?.role === 'system'
  const turns = hasSystem ? messages.slice(1) : messages
  turns.forEach(({ role }, turn) => {
    const expected = turn % 2 === 0 ? 'user' : 'assistant'
    if (role !== expected) {
      const reason = `number ${turn + 1} must be of the ${expected}, it is of the ${role}`
      throw new AppError('input.invalid', { subject: 'messages', reason })
    }
  })
  return { system: hasSystem ? first.content : '', turns }
}
