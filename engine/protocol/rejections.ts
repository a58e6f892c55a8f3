import type { Text } from './text.ts'

/** Why a row cannot become a sample. The names go into passports and side files, so they stay as they are. */
export const rejectionReasons = {
  notJson: { en: 'the line is not valid JSON', 'zh-CN': '该行不是有效的 JSON' },
  badEncoding: { en: 'the row is not valid UTF-8', 'zh-CN': '该条数据不是有效的 UTF-8' },
  badCells: {
    en: 'the line does not fit the columns that the first line names',
    'zh-CN': '该行与首行的列名不匹配',
  },
  tooLarge: { en: 'the row is larger than 64 MiB', 'zh-CN': '该条数据超过 64 MiB' },
  notObject: { en: 'the row is not an object with columns', 'zh-CN': '该条数据不是带有列的对象' },
  badType: { en: 'a mapped column holds something else than text', 'zh-CN': '映射的列中不是文本' },
  badHistory: {
    en: 'the history is not a list of question and answer pairs',
    'zh-CN': '历史对话不是由问答对组成的列表',
  },
  noResponse: { en: 'the response is missing', 'zh-CN': '缺少回答' },
  severalResponses: { en: 'the response is a list of several answers', 'zh-CN': '回答是包含多个答案的列表' },
  badMessages: { en: 'the messages are not a list of messages', 'zh-CN': '消息不是由消息组成的列表' },
  badRole: {
    en: 'a message has an unknown role, or one that is not its turn',
    'zh-CN': '消息的角色未知，或不符合轮次顺序',
  },
  badMessageCount: {
    en: 'the number of messages does not fit: each question needs an answer',
    'zh-CN': '消息数量不符：每个问题都需要一个回答',
  },
  noContent: { en: 'a message has no content', 'zh-CN': '有消息缺少内容' },
  notInTemplate: {
    en: "the tokenizer's chat template does not take the conversation",
    'zh-CN': '分词器的对话模板不接受该对话',
  },
  emptyText: { en: 'there is no text in it', 'zh-CN': '没有任何文本' },
  tooLong: {
    en: 'it has as many tokens as the sequence length, or more',
    'zh-CN': '词元数达到或超过序列长度',
  },
} as const satisfies Record<string, Text>

export type RejectionReason = keyof typeof rejectionReasons
