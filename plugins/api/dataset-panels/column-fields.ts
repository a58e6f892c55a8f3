import type { FieldHint } from '#engine/protocol/panel.ts'
import { columnField, columnListField, textField } from '../fields.ts'
import { group } from '../form.ts'
import { text } from '../text.ts'
import { alpacaKinds, pairKinds, shareGptKinds, type RowKind } from './row-kinds.ts'

type Words = readonly [en: string, chinese: string]

const forKinds = (kinds: readonly RowKind[]): NonNullable<FieldHint['showIf']> => ({ field: 'kind', in: [...kinds] })

const column = (title: Words, help: Words, value: string, kinds: readonly RowKind[], isExpert = false) =>
  columnField({
    title: text(...title),
    help: text(...help),
    of: 'input',
    default: value,
    isExpert,
    showIf: forKinds(kinds),
  })

const tag = (title: Words, help: Words, value: string) =>
  textField({
    title: text(...title),
    help: text(...help),
    default: value,
    isExpert: true,
    showIf: forKinds(shareGptKinds),
  })

const chatKinds: RowKind[] = [...shareGptKinds, 'openai']

/** Columns of Alpaca rows, as `--map-keys` names them. */
export const alpacaColumns = group('columns', text('Columns (--map-keys)', '列映射（--map-keys）'), {
  promptColumn: column(['Instruction', '指令列'], ['The task.', '任务描述。'], 'instruction', alpacaKinds),
  queryColumn: column(
    ['Input', '输入列'],
    ['Appended to the instruction on a new line; empty: none.', '另起一行接在指令之后；留空则不使用。'],
    'input',
    alpacaKinds,
  ),
  responseColumn: column(['Output', '输出列'], ['The answer that is trained.', '用于训练的回答。'], 'output', [
    'alpaca',
  ]),
  historyColumn: column(
    ['History', '历史列'],
    ['Earlier turns: a list of [question, answer] pairs. Empty: none.', '之前的对话：[问, 答] 列表。留空则不使用。'],
    '',
    alpacaKinds,
  ),
  systemColumn: column(
    ['System', '系统提示列'],
    ['A system prompt per row. Empty: none.', '每条数据的系统提示。留空则不使用。'],
    '',
    alpacaKinds,
  ),
})

/** Columns of rows with messages, and how the messages name their parts. */
export const messageColumns = group('messages', text('Messages (--map-keys)', '消息（--map-keys）'), {
  messagesColumn: column(
    ['Messages', '消息列'],
    ['The list of messages.', '由消息组成的列表。'],
    'conversations',
    shareGptKinds,
  ),
  openaiColumn: column(['Messages', '消息列'], ['The list of messages.', '由消息组成的列表。'], 'messages', ['openai']),
  chatSystemColumn: column(
    ['System', '系统提示列'],
    ['A system prompt per row, where the messages have none. Empty: none.', '消息中没有系统提示时使用。留空则不使用。'],
    '',
    chatKinds,
  ),
  toolsColumn: column(
    ['Tools', '工具列'],
    ['Descriptions of tools as JSON. Empty: none.', '以 JSON 描述的工具。留空则不使用。'],
    '',
    chatKinds,
  ),
  roleTag: tag(['Role', '角色字段'], ['Field of a message that names who speaks.', '消息中表示角色的字段。'], 'from'),
  contentTag: tag(['Content', '内容字段'], ['Field of a message with its text.', '消息中存放文本的字段。'], 'value'),
  userTag: tag(['User', '用户'], ['Name of who asks.', '提问者的角色名。'], 'human'),
  assistantTag: tag(['Assistant', '助手'], ['Name of who answers.', '回答者的角色名。'], 'gpt'),
  observationTag: tag(
    ['Observation', '工具结果'],
    ['Name of what a tool returns. Empty: the data has none.', '工具返回结果的角色名。留空表示数据中没有。'],
    'observation',
  ),
  functionTag: tag(
    ['Function call', '函数调用'],
    ['Name of a call of a tool. Empty: the data has none.', '工具调用的角色名。留空表示数据中没有。'],
    'function_call',
  ),
  systemTag: tag(
    ['System', '系统'],
    ['Name of the system prompt. Empty: the data has none.', '系统提示的角色名。留空表示数据中没有。'],
    'system',
  ),
})

/** Both answers of a pair. */
export const pairColumns = group('pairs', text('Answers', '回答'), {
  chosenColumn: column(
    ['Chosen', '优选列'],
    ['The better answer; it is what the preview shows first.', '更好的回答，预览中排在前面。'],
    'chosen',
    pairKinds,
  ),
  rejectedColumn: column(['Rejected', '拒绝列'], ['The worse answer.', '较差的回答。'], 'rejected', pairKinds),
})

/** Columns of texts. */
export const textColumns = group('texts', text('Texts (--json-keys)', '文本（--json-keys）'), {
  jsonKeys: columnListField({
    title: text('Text columns', '文本列'),
    help: text(
      'One dataset is written for each: <prefix>_<column>_document (--json-keys).',
      '每一列各写出一个数据集：<前缀>_<列>_document（--json-keys）。',
    ),
    of: 'input',
    default: ['text'],
    showIf: forKinds(['pretrain']),
  }),
})
