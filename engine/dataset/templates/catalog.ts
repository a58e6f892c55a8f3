import type { DatasetTemplate } from '../../protocol/tasks.ts'

export type TemplateName = DatasetTemplate

/**
 * A slot is BOS or EOS, a token by its name in the vocabulary, or a text in which `{c}` is the content of the message,
 * `{{idx}}` the number of the round from 0, `{name}` and `{arguments}` the parts of a call of a tool.
 */
export type Slot = 'bos' | 'eos' | { readonly text: string } | { readonly token: string }

export interface Template {
  readonly user: readonly Slot[]
  readonly assistant: readonly Slot[]
  /** A call of a tool. */
  readonly call: readonly Slot[]
  /** Null is written as a user message is. */
  readonly observation: readonly Slot[] | null
  readonly system: readonly Slot[]
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
  /** Answers end with no EOS of their own; its place is the first token of the next turn, and the end of everything. */
  readonly isEosShared: boolean
  /** Whether descriptions of tools become text; the original has none for the GLM templates. */
  readonly describesTools: boolean
}

const CALL: Slot = { text: 'Action: {name}\nAction Input: {arguments}' }

const base: Template = {
  user: [{ text: '{c}' }],
  assistant: [{ text: '{c}' }, 'eos'],
  call: [CALL, 'eos'],
  observation: null,
  system: [{ text: '{c}' }],
  separator: [],
  prefix: [],
  defaultSystem: '',
  isSystemInUser: false,
  stopWords: [],
  replacesEos: false,
  isEosShared: false,
  describesTools: true,
}

/** Templates without an EOS behind each answer. */
const shared: Template = { ...base, assistant: [{ text: '{c}' }], call: [CALL], isEosShared: true }

const mistral: Template = { ...base, user: [{ text: '[INST] {c} [/INST]' }], prefix: ['bos'] }

const turnTo = (role: string): readonly Slot[] => [
  { text: `<|im_start|>${role}\n{c}<|im_end|>\n<|im_start|>assistant\n` },
]

const chatml: Template = {
  ...base,
  user: turnTo('user'),
  observation: turnTo('tool'),
  system: [{ text: '<|im_start|>system\n{c}<|im_end|>\n' }],
  separator: [{ text: '\n' }],
  stopWords: ['<|im_end|>', '<|im_start|>'],
  replacesEos: true,
}

const glmTurn = (role: string): readonly Slot[] => [
  { token: `<|${role}|>` },
  { text: '\n' },
  { text: '{c}' },
  { token: '<|assistant|>' },
]
const glmPrefix: readonly Slot[] = [{ token: '[gMASK]' }, { token: 'sop' }]
const glmSystem: readonly Slot[] = [{ token: '<|system|>' }, { text: '\n' }, { text: '{c}' }]
const glmCall: readonly Slot[] = [{ text: '{name}\n{arguments}' }]

const chatglm3: Template = {
  ...shared,
  user: glmTurn('user'),
  assistant: [{ text: '\n' }, { text: '{c}' }],
  observation: glmTurn('observation'),
  stopWords: ['<|user|>', '<|observation|>'],
}

const llama3Turn = (role: string): string => `<|start_header_id|>${role}<|end_header_id|>\n\n{c}<|eot_id|>`
const llama3Answer = '<|start_header_id|>assistant<|end_header_id|>\n\n'

const gemmaTurn = (role: string): readonly Slot[] => [
  { text: `<start_of_turn>${role}\n{c}<end_of_turn>\n<start_of_turn>model\n` },
]

const deepseek2: Template = {
  ...base,
  user: [{ text: 'User: {c}\n\nAssistant:' }],
  system: [{ text: '{c}\n\n' }],
  prefix: ['bos'],
}

/** Word for word those of MindSpeed-LLM 1.0.0 (`--prompt-type`). */
export const templates: Record<TemplateName, Template> = {
  empty: { ...base, assistant: [{ text: '{c}' }] },
  default: {
    ...base,
    user: [{ text: 'Human: {c}\nAssistant:' }],
    system: [{ text: '{c}\n' }],
    separator: [{ text: '\n' }],
  },
  llama2: {
    ...base,
    user: ['bos', { text: '[INST] {c} [/INST]' }],
    system: [{ text: '<<SYS>>\n{c}\n<</SYS>>\n\n' }],
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
  chatml_de: { ...chatml, defaultSystem: 'Du bist ein freundlicher und hilfsbereiter KI-Assistent.' },
  llama3: {
    ...base,
    user: [{ text: llama3Turn('user') + llama3Answer }],
    observation: [{ text: llama3Turn('tool') + llama3Answer }],
    system: [{ text: llama3Turn('system') }],
    prefix: ['bos'],
    stopWords: ['<|eot_id|>'],
    replacesEos: true,
  },
  gemma: {
    ...shared,
    user: gemmaTurn('user'),
    observation: gemmaTurn('tool'),
    separator: [{ text: '<end_of_turn>\n' }],
    prefix: ['bos'],
  },
  deepseek2,
  'deepseek2-lite': deepseek2,
  cpm: { ...base, user: [{ text: '<用户>{c}<AI>' }], prefix: ['bos'] },
  baichuan2: { ...shared, user: [{ text: '<reserved_106>{c}<reserved_107>' }] },
  chatglm2: {
    ...shared,
    user: [{ text: '[Round {{idx}}]\n\n问：{c}\n\n答：' }],
    separator: [{ text: '\n\n' }],
    prefix: glmPrefix,
  },
  chatglm3: { ...chatglm3, system: glmSystem, prefix: glmPrefix, describesTools: false },
  chatglm3_system: {
    ...chatglm3,
    call: glmCall,
    system: [...glmPrefix, ...glmSystem],
    defaultSystem:
      'You are ChatGLM3, a large language model trained by Zhipu.AI. ' +
      "Follow the user's instructions carefully. Respond using markdown.",
  },
  glm4: {
    ...shared,
    user: [{ text: '<|user|>\n{c}<|assistant|>' }],
    assistant: [{ text: '\n{c}' }],
    call: glmCall,
    observation: [{ text: '<|observation|>\n{c}<|assistant|>' }],
    system: [{ text: '<|system|>\n{c}' }],
    prefix: [{ text: '[gMASK]<sop>' }],
    stopWords: ['<|user|>', '<|observation|>'],
    describesTools: false,
  },
}

/** Special tokens that a template adds to a tokenizer that lacks them, and the one that becomes its EOS. */
export function templateTokens(name: TemplateName): { readonly added: readonly string[]; readonly eos: string | null } {
  const { stopWords, replacesEos } = templates[name]
  return { added: stopWords, eos: replacesEos ? (stopWords[0] ?? null) : null }
}
