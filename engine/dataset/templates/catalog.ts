import type { DatasetTemplate } from '../../protocol/tasks.ts'

export type TemplateName = DatasetTemplate

/** A slot is a special token, or a text in which `{c}` is the content of the message. */
export type Slot = 'bos' | 'eos' | { readonly text: string }

export interface Template {
  readonly user: readonly Slot[]
  readonly assistant: readonly Slot[]
  /** Null is written as a user message is. */
  readonly observation: readonly Slot[] | null
  readonly system: string
  /** Stands before every user turn but the first. */
  readonly separator: readonly Slot[]
  /** Stands before everything; a BOS here is left out where the tokenizer has none. */
  readonly prefix: readonly Slot[]
  readonly defaultSystem: string
  /** Puts the system text inside the first user message instead of before it. */
  readonly isSystemInUser: boolean
  /** Words that the tokenizer is to know as special tokens. */
  readonly stopWords: readonly string[]
  /** The first stop word takes the place of the tokenizer's EOS. */
  readonly replacesEos: boolean
}

const base: Template = {
  user: [{ text: '{c}' }],
  assistant: [{ text: '{c}' }, 'eos'],
  observation: null,
  system: '{c}',
  separator: [],
  prefix: [],
  defaultSystem: '',
  isSystemInUser: false,
  stopWords: [],
  replacesEos: false,
}

const mistral: Template = { ...base, user: [{ text: '[INST] {c} [/INST]' }], prefix: ['bos'] }

const turnTo = (role: string): readonly Slot[] => [
  { text: `<|im_start|>${role}\n{c}<|im_end|>\n<|im_start|>assistant\n` },
]

const chatml: Template = {
  ...base,
  user: turnTo('user'),
  observation: turnTo('tool'),
  system: '<|im_start|>system\n{c}<|im_end|>\n',
  separator: [{ text: '\n' }],
  stopWords: ['<|im_end|>', '<|im_start|>'],
  replacesEos: true,
}

/** Word for word those of MindSpeed-LLM 1.0.0 (`--prompt-type`). */
export const templates: Record<TemplateName, Template> = {
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
  mistral,
  mixtral: mistral,
  qwen: { ...chatml, defaultSystem: 'You are a helpful assistant.', stopWords: ['<|im_end|>'] },
  chatml,
  alpaca: {
    ...base,
    user: [{ text: '### Instruction:\n{c}\n\n### Response:\n' }],
    separator: [{ text: '\n\n' }],
    defaultSystem:
      'Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n',
  },
}

/** Special tokens that a template adds to a tokenizer that lacks them, and the one that becomes its EOS. */
export function templateTokens(name: TemplateName): { readonly added: readonly string[]; readonly eos: string | null } {
  const { stopWords, replacesEos } = templates[name]
  return { added: stopWords, eos: replacesEos ? (stopWords[0] ?? null) : null }
}
