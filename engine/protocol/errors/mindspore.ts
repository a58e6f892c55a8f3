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
  'mindspore.severalFiles': {
    en: '{path} holds {count} .ckpt files, first {first}. Name the one that is meant.',
    'zh-CN': '{path} 中有 {count} 个 .ckpt 文件，首个为 {first}。请指定其中一个。',
  },
  'mindspore.namesUnknown': {
    en: '{file} has no {tensor}: its names are not those of Llama2 or Qwen1.5 in MindFormers. Put the config.json of the model beside it, or convert it with the script of its family.',
    'zh-CN':
      '{file} 中没有 {tensor}：其参数名不是 MindFormers 中 Llama2 或 Qwen1.5 的名称。请将模型的 config.json 放在旁边，或使用该系列的脚本转换。',
  },
  'mindspore.strategyInvalid': {
    en: '{file} is no usable strategy: {field} ({reason}). Save the strategy of all stages again.',
    'zh-CN': '{file} 不是可用的策略文件：{field}（{reason}）。请重新保存所有 stage 的策略文件。',
  },
  'mindspore.ranksMissing': {
    en: '{path} holds {count} rank folders, the strategy asks for {expected}. Copy rank_0 to rank_{last} of all hosts into one folder.',
    'zh-CN':
      '{path} 中有 {count} 个 rank 目录，策略要求 {expected} 个。请将所有主机的 rank_0 至 rank_{last} 复制到同一目录。',
  },
  'mindspore.strategyNeeded': {
    en: '{path} holds {count} rank folders, so its strategy is needed. Give the strategy file or folder that was saved with it.',
    'zh-CN': '{path} 中有 {count} 个 rank 目录，需要其切分策略。请给出与其一同保存的策略文件或目录。',
  },
  'mindspore.loraNone': {
    en: '{path} holds no adapters: no parameter ends with mindpet_delta_lora_a. Give the checkpoint of a LoRA training.',
    'zh-CN': '{path} 中没有 LoRA 参数：没有以 mindpet_delta_lora_a 结尾的参数。请给出 LoRA 训练得到的权重。',
  },
  'mindspore.loraShape': {
    en: 'The adapters of {name} do not fit it: the weight is [{shape}], A is [{a}], B is [{b}]. If the checkpoint is spread, its strategy has to name all parameters: train with only_trainable_params: False.',
    'zh-CN':
      '{name} 的 LoRA 参数与其不符：权重为 [{shape}]，A 为 [{a}]，B 为 [{b}]。若权重已切分，其策略文件须包含全部参数：训练时设置 only_trainable_params: False。',
  },
  'mindspore.rewriteInvalid': {
    en: '{file}: the parameter {tensor} is not what this rewriting expects: {reason}. Check that the file belongs to the model and the flags to the file.',
    'zh-CN': '{file}：参数 {tensor} 与此转换的预期不符：{reason}。请检查文件与模型是否匹配、参数是否正确。',
  },
  'mindspore.noStrategy': {
    en: 'Neither the source nor the target has a strategy, so there is nothing to transform. Give one of them.',
    'zh-CN': '源和目标均未给出切分策略，无需转换。请至少给出其一。',
  },
  'mindspore.deviceCounts': {
    en: 'The device counts {from} and {to} do not divide one another. Choose a strategy whose device count does.',
    'zh-CN': '设备数 {from} 与 {to} 不能互相整除。请选择设备数可整除的策略。',
  },
  'mindspore.sliceInvalid': {
    en: 'The parameter {name} of the shape [{shape}] does not fit the strategy of {path}. Use the strategy that belongs to the checkpoint.',
    'zh-CN': '参数 {name} 的形状 [{shape}] 与 {path} 的策略不符。请使用与权重配套的策略。',
  },
} as const satisfies Record<string, Text>
