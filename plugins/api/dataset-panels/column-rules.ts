import type { Finding } from '#engine/protocol/plan.ts'
import { error, warning } from '../findings.ts'
import { text } from '../text.ts'
import { fixedKinds, pairKinds, shareGptKinds } from './row-kinds.ts'
import type { PreprocessValues } from './preprocess-form.ts'

/** What is wrong with the mapping of columns, whatever the file holds. */
export function checkColumns(values: PreprocessValues): Finding[] {
  const { kind } = values
  if (fixedKinds.includes(kind)) return []
  const pairs = pairKinds.includes(kind) ? checkPairs(values) : []
  switch (kind) {
    case 'alpaca':
    case 'alpaca-pairwise':
      return [...checkAlpaca(values), ...pairs]
    case 'pretrain':
      return checkTexts(values.jsonKeys)
    default:
      return [...checkMessages(values), ...pairs]
  }
}

function checkAlpaca({ kind, promptColumn, queryColumn, responseColumn }: PreprocessValues): Finding[] {
  const findings: Finding[] = []
  if (promptColumn === '' && queryColumn === '') {
    const said = text(
      'Without an instruction or an input column no row has a question.',
      '没有指令列和输入列，所有数据都没有问题部分。',
    )
    findings.push(error('columns.noPrompt', said, 'promptColumn'))
  }
  if (kind !== 'alpaca') return findings
  if (responseColumn === '') {
    const said = text('Without an output column nothing is trained.', '没有输出列，就没有可训练的内容。')
    findings.push(error('columns.noResponse', said, 'responseColumn'))
  } else if (responseColumn === promptColumn || responseColumn === queryColumn) {
    const said = text(
      `The column ${responseColumn} is both question and answer: the model learns to repeat.`,
      `列 ${responseColumn} 同时作为问题和回答，模型只会学会复述。`,
    )
    findings.push(warning('columns.same', said, 'responseColumn'))
  }
  return findings
}

function checkMessages(values: PreprocessValues): Finding[] {
  const findings: Finding[] = []
  const isOpenAi = values.kind === 'openai'
  if ((isOpenAi ? values.openaiColumn : values.messagesColumn) === '') {
    const said = text('Without a column of messages there are no conversations.', '没有消息列，就没有对话。')
    findings.push(error('columns.noMessages', said, isOpenAi ? 'openaiColumn' : 'messagesColumn'))
  }
  if (!shareGptKinds.includes(values.kind)) return findings
  for (const field of ['roleTag', 'contentTag', 'userTag', 'assistantTag'] as const) {
    if (values[field] !== '') continue
    const said = text(
      'Without this name no message can be read; every row would be left out.',
      '缺少该名称则无法读取任何消息，所有数据都会被跳过。',
    )
    findings.push(error('columns.noTag', said, field))
  }
  const roles = [values.userTag, values.assistantTag, values.observationTag, values.functionTag, values.systemTag]
  const named = roles.filter((role) => role !== '')
  const twice = named.find((role, at) => named.indexOf(role) !== at)
  if (twice !== undefined) {
    const said = text(
      `The name ${twice} stands for two roles: one of them would never be found.`,
      `名称 ${twice} 同时表示两个角色，其中一个将无法识别。`,
    )
    findings.push(error('columns.sameTag', said, 'userTag'))
  }
  return findings
}

function checkPairs({ chosenColumn, rejectedColumn }: PreprocessValues): Finding[] {
  const findings: Finding[] = []
  for (const [field, value] of Object.entries({ chosenColumn, rejectedColumn })) {
    if (value !== '') continue
    findings.push(error('columns.noAnswer', text('A pair needs both answers.', '偏好对需要两个回答。'), field))
  }
  if (chosenColumn !== '' && chosenColumn === rejectedColumn) {
    const said = text(
      `The column ${chosenColumn} is both the better and the worse answer.`,
      `列 ${chosenColumn} 同时作为优选回答和拒绝回答。`,
    )
    findings.push(error('columns.samePair', said, 'rejectedColumn'))
  }
  return findings
}

function checkTexts(keys: readonly string[]): Finding[] {
  if (keys.some((key) => key !== '')) return []
  return [error('columns.noText', text('Choose at least one column of texts.', '请至少选择一个文本列。'), 'jsonKeys')]
}
