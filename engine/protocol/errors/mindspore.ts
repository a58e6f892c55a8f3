import type { Text } from '../text.ts'

/** Errors of MindSpore checkpoints and strategies. */
export const mindsporeErrors = {
  'mindspore.protobufInvalid': {
    en: '{file} is not valid at byte {offset} ({field}). The file is damaged or of another format; copy it again.',
    'zh-CN': '{file} 在第 {offset} 字节处无效（{field}）。文件已损坏或为其他格式，请重新复制。',
  },
  'mindspore.encrypted': {
    en: '{file} is encrypted. Load it with its key in MindSpore and save it again without enc_key.',
    'zh-CN': '{file} 已加密。请在 MindSpore 中使用密钥加载，并在不设置 enc_key 的情况下重新保存。',
  },
  'mindspore.checksum': {
    en: '{file} does not match the checksum at its end. The file is damaged; copy it again.',
    'zh-CN': '{file} 与文件末尾的校验和不符。文件已损坏，请重新复制。',
  },
  'mindspore.typeUnsupported': {
    en: '{file}: {tensor} has the type {type}, which cannot be converted. Leave it out of the checkpoint.',
    'zh-CN': '{file}：{tensor} 的类型为 {type}，无法转换。请将其从权重中去除。',
  },
  'mindspore.wrongFamily': {
    en: '{path} holds a model of the family {family}, and the {script} script would lose or invent its biases. Use the script of its own family.',
    'zh-CN': '{path} 中的模型属于 {family} 系列，使用 {script} 脚本会丢失或凭空生成偏置。请使用该系列自己的脚本。',
  },
} as const satisfies Record<string, Text>
