import type { Text } from '../text.ts'

export const chatErrors = {
  'chat.tokenizerMissing': {
    en: 'The checkpoint {path} has no tokenizer beside it. Copy tokenizer.json or tokenizer.model into it (Megatron: into its awb-hf folder).',
    'zh-CN':
      '权重 {path} 中没有分词器。请将 tokenizer.json 或 tokenizer.model 复制到其中（Megatron：复制到 awb-hf 目录）。',
  },
  'chat.promptTooLong': {
    en: 'The conversation has {tokens} tokens, the model has room for {limit}. Start a new conversation, or shorten it.',
    'zh-CN': '对话共有 {tokens} 个词元，模型最多容纳 {limit} 个。请新建对话或缩短内容。',
  },
} as const satisfies Record<string, Text>
