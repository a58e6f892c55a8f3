import { Template } from '@huggingface/jinja'
import { AppError } from '../../protocol/errors/index.ts'
import type { Turn } from '../conversation.ts'
import type { TokenBuffer } from '../tokenizers/token-buffer.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'

/** What is written of a conversation for the loss: nothing of what is not the assistant's. */
const IGNORED_LABEL = -100

export interface ChatInput {
  /** Empty for none. */
  readonly system: string
  /** Descriptions of tools as JSON; empty for none. */
  readonly tools: string
  /** Turns of the user's side (user, observation) and the assistant's (assistant, function) in alternation. */
  readonly turns: readonly Turn[]
  /** Masks every turn but the last one, as pairwise data wants it. */
  readonly trainsLastOnly?: boolean
}

/** The template refuses a conversation, or its answers cannot be told from the rest. */
export class ChatTemplateFault extends Error {}

type Message = Readonly<Record<string, unknown>>

/**
 * A tokenizer's own chat template (Jinja). Ids are those of the whole text, as transformers' `apply_chat_template` gives
 * them. What the assistant says is found by writing the conversation up to each answer: the text before it, with the
 * start of an answer, must be the start of the text with it.
 */
export class ChatTemplate {
  readonly #template: Template
  readonly #tokenizer: Tokenizer

  /** @throws dataset.chatTemplate where the tokenizer has none, or one that this is not possible with */
  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer
    const { chatTemplate: source, path } = tokenizer
    if (source === null) throw new AppError('dataset.chatTemplate', { path, reason: 'there is none' })
    try {
      this.#template = new Template(source)
      this.#probe()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new AppError('dataset.chatTemplate', { path, reason }, { cause })
    }
  }

  /** The text of a conversation, with the start of an answer behind it where that is asked for. @throws ChatTemplateFault */
  text({ system, tools, turns }: ChatInput, startsAnswer: boolean): string {
    const { bosId, eosId } = this.#tokenizer
    const messages = [...(system === '' ? [] : [{ role: 'system', content: system }]), ...turns.map(toMessage)]
    try {
      return this.#template.render({
        messages,
        add_generation_prompt: startsAnswer,
        bos_token: bosId === null ? '' : this.#tokenizer.piece(bosId),
        eos_token: this.#tokenizer.piece(eosId),
        ...(tools === '' ? {} : { tools: listOf(tools) }),
      })
    } catch (cause) {
      throw new ChatTemplateFault(cause instanceof Error ? cause.message : String(cause), { cause })
    }
  }

  /** A conversation that ends with an answer, appended to buffers. @throws ChatTemplateFault */
  renderInto(input: ChatInput, ids: TokenBuffer, labels: TokenBuffer): void {
    const { turns, trainsLastOnly = false } = input
    const start = ids.length
    const whole = this.text(input, false)
    this.#tokenizer.encodeInto(whole, ids)
    for (let i = start; i < ids.length; i++) labels.push(IGNORED_LABEL)
    for (let turn = trainsLastOnly ? turns.length - 1 : 1; turn < turns.length; turn += 2) {
      const before = this.text({ ...input, turns: turns.slice(0, turn) }, true)
      const through =
        turn === turns.length - 1 ? whole : this.text({ ...input, turns: turns.slice(0, turn + 1) }, false)
      const end = answerEnd(through, this.#tokenizer.piece(this.#tokenizer.eosId))
      if (!through.startsWith(before) || !whole.startsWith(through.slice(0, end))) {
        throw new ChatTemplateFault(`turn ${turn + 1} cannot be told from the turns around it`)
      }
      const from = start + commonLength(this.#tokenizer.encode(before), ids, start)
      const to = start + commonLength(this.#tokenizer.encode(through.slice(0, end)), ids, start)
      for (let i = from; i < to; i++) labels.data[i] = ids.data[i] ?? IGNORED_LABEL
    }
  }

  /** Two rounds with a system text, which every template for training takes; some do without the system text. */
  #probe(): void {
    const turns: Turn[] = ['a', 'b', 'c', 'd'].map((content, i) => ({
      role: i % 2 === 0 ? 'user' : 'assistant',
      content,
    }))
    for (let turn = 1; turn < turns.length; turn += 2) {
      const before = this.text({ system: '', tools: '', turns: turns.slice(0, turn) }, true)
      const through = this.text({ system: '', tools: '', turns: turns.slice(0, turn + 1) }, false)
      if (through.startsWith(before)) continue
      throw new ChatTemplateFault('it writes an answer in other words than those after which it is to begin')
    }
  }
}

function toMessage({ role, content }: Turn): Message {
  switch (role) {
    case 'observation':
      return { role: 'tool', content }
    case 'function':
      return { role: 'assistant', content: '', tool_calls: [{ type: 'function', function: callOf(content) }] }
    default:
      return { role, content }
  }
}

function callOf(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (cause) {
    throw new ChatTemplateFault('a call of a tool is not JSON', { cause })
  }
}

function listOf(json: string): unknown[] {
  try {
    const tools: unknown = JSON.parse(json)
    return Array.isArray(tools) ? tools : []
  } catch {
    return []
  }
}

/** Where an answer ends: what stands behind its last EOS, if that is white space only, is not the assistant's. */
function answerEnd(text: string, eos: string): number {
  const last = eos === '' ? -1 : text.lastIndexOf(eos)
  const end = last + eos.length
  return last >= 0 && text.slice(end).trim() === '' ? end : text.length
}

/** How many ids two lists have in common at the start; a token across the border belongs to what follows. */
function commonLength(ids: readonly number[], whole: TokenBuffer, start: number): number {
  let common = 0
  while (common < ids.length && start + common < whole.length && whole.data[start + common] === ids[common]) common++
  return common
}
