import type { DatasetHandler, DatasetTemplate } from '#engine/protocol/tasks.ts'
import { text, type Text } from '../text.ts'

/** What the rows of a raw file are. OpenAI messages are ShareGPT rows with other names in them. */
export type RowKind = DatasetHandler | 'openai'

/** How each kind reads in a list of choices. */
export const rowKinds: { readonly [K in RowKind]: Text } = {
  alpaca: text('Alpaca: instruction, input, output', 'Alpaca：指令、输入、输出'),
  sharegpt: text('ShareGPT: conversations', 'ShareGPT：多轮对话'),
  openai: text('OpenAI: messages with roles', 'OpenAI：带角色的消息'),
  'alpaca-pairwise': text('Alpaca pairs: chosen and rejected', 'Alpaca 偏好对：chosen 与 rejected'),
  'sharegpt-pairwise': text('ShareGPT pairs: chosen and rejected', 'ShareGPT 偏好对：chosen 与 rejected'),
  general: text('General instructions (older guides)', '通用指令（早期指南）'),
  belle: text('BELLE: Human and Assistant in one text', 'BELLE：同一文本中的 Human 与 Assistant'),
  moss: text('MOSS: rounds of Human and MOSS', 'MOSS：Human 与 MOSS 多轮对话'),
  leetcode: text('LeetCode: problem, code, explanation', 'LeetCode：题目、代码、解释'),
  pretrain: text('Texts for pretraining', '预训练文本'),
  'alpaca-pretrain': text('Alpaca rows as texts for pretraining', '以 Alpaca 数据作为预训练文本'),
}

/** The task's name of a kind. */
export const handlerOf = (kind: RowKind): DatasetHandler => (kind === 'openai' ? 'sharegpt' : kind)

export const alpacaKinds: RowKind[] = ['alpaca', 'alpaca-pairwise']
export const shareGptKinds: RowKind[] = ['sharegpt', 'sharegpt-pairwise']
export const pairKinds: RowKind[] = ['alpaca-pairwise', 'sharegpt-pairwise']
/** Kinds whose samples are written in a template. */
export const templateKinds: RowKind[] = [...alpacaKinds, ...shareGptKinds, 'openai']
/** Kinds whose samples can be joined to sequences of one length. */
export const packableKinds: RowKind[] = ['alpaca', 'sharegpt', 'openai', 'general', 'belle', 'moss', 'leetcode']
/** Kinds with fixed names of columns. */
export const fixedKinds: RowKind[] = ['general', 'belle', 'moss', 'leetcode', 'alpaca-pretrain']

/** How each template reads in a list of choices. */
export const templateNames: { readonly [T in DatasetTemplate]: Text } = {
  llama2: text('llama2: [INST] … [/INST]', 'llama2：[INST] … [/INST]'),
  mistral: text('mistral: [INST] … [/INST]', 'mistral：[INST] … [/INST]'),
  mixtral: text('mixtral: as mistral', 'mixtral：与 mistral 相同'),
  qwen: text('qwen: ChatML with a system prompt', 'qwen：带系统提示的 ChatML'),
  chatml: text('chatml: <|im_start|> … <|im_end|>', 'chatml：<|im_start|> … <|im_end|>'),
  default: text('default: Human / Assistant', 'default：Human / Assistant'),
  alpaca: text('alpaca: ### Instruction', 'alpaca：### Instruction'),
  empty: text('empty: the text alone', 'empty：仅文本'),
  chatml_de: text('chatml_de: ChatML with a German system prompt', 'chatml_de：带德语系统提示的 ChatML'),
  llama3: text('llama3: <|start_header_id|> …', 'llama3：<|start_header_id|> …'),
  gemma: text('gemma: <start_of_turn> …', 'gemma：<start_of_turn> …'),
  deepseek2: text('deepseek2: User / Assistant', 'deepseek2：User / Assistant'),
  'deepseek2-lite': text('deepseek2-lite: as deepseek2', 'deepseek2-lite：与 deepseek2 相同'),
  cpm: text('cpm: <用户> … <AI>', 'cpm：<用户> … <AI>'),
  baichuan2: text('baichuan2: <reserved_106> …', 'baichuan2：<reserved_106> …'),
  chatglm2: text('chatglm2: [Round n] 问 / 答', 'chatglm2：[Round n] 问 / 答'),
  chatglm3: text('chatglm3: <|user|> … <|assistant|>', 'chatglm3：<|user|> … <|assistant|>'),
  chatglm3_system: text('chatglm3_system: chatglm3 with a system prompt', 'chatglm3_system：带系统提示的 chatglm3'),
  glm4: text('glm4: [gMASK]<sop> …', 'glm4：[gMASK]<sop> …'),
}

/** The chat template of the tokenizer itself, where it has one. */
export const OWN_TEMPLATE = 'tokenizer'
export const ownTemplateName = text('tokenizer: its own chat template', 'tokenizer：分词器自带的对话模板')

/** Choices for a select field, in the order given. */
export const choicesOf = <V extends string>(values: readonly V[], names: Readonly<Record<V, Text>>) =>
  values.map((value) => ({ value, label: names[value] }))

/** Choices of templates for any form of a family. */
export const templateChoices = <const T extends DatasetTemplate>(templates: readonly T[]) =>
  choicesOf(templates, templateNames)
