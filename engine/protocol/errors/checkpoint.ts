import type { Text } from '../text.ts'

export const checkpointErrors = {
  'checkpoint.unrecognized': {
    en: '{path} holds no checkpoint that is known here. Expected: config.json with safetensors files (Hugging Face), or latest_checkpointed_iteration.txt with mp_rank_* folders (Megatron).',
    'zh-CN':
      '{path} 中没有可识别的权重。应为：config.json 与 safetensors 文件（Hugging Face），或 latest_checkpointed_iteration.txt 与 mp_rank_* 目录（Megatron）。',
  },
  'checkpoint.trackerInvalid': {
    en: '{file} holds "{value}"; an iteration number above 0 or the word release is expected. Correct it to name an iter_* folder beside it.',
    'zh-CN': '{file} 的内容为“{value}”，应为大于 0 的迭代数或 release。请改为同目录下某个 iter_* 目录对应的值。',
  },
  'checkpoint.shardMissing': {
    en: 'The checkpoint {path} is incomplete: {file} is missing. Copy the missing file again.',
    'zh-CN': '权重 {path} 不完整：缺少 {file}。请重新复制缺失的文件。',
  },
  'checkpoint.truncated': {
    en: '{file} is cut short: {needed} bytes are expected, {actual} are there. Copy or download it again.',
    'zh-CN': '{file} 不完整：应有 {needed} 字节，实际 {actual} 字节。请重新复制或下载。',
  },
  'checkpoint.configInvalid': {
    en: '{file}: the field {field} is missing or not valid ({reason}). Use the config.json that belongs to the weights.',
    'zh-CN': '{file}：字段 {field} 缺失或无效（{reason}）。请使用与权重配套的 config.json。',
  },
  'checkpoint.architectureUnknown': {
    en: '{file} names the architecture {architecture}, which is not supported. Supported: {supported}.',
    'zh-CN': '{file} 中的模型结构 {architecture} 不受支持。支持的结构：{supported}。',
  },
  'checkpoint.familyUnknown': {
    en: 'The family {family} is not known on this host. Known: {known}. Enable its plugin, or add its definition with awb family add.',
    'zh-CN': '本机不认识模型系列 {family}。已知：{known}。请启用其插件，或用 awb family add 添加其定义。',
  },
  'checkpoint.familyLayout': {
    en: 'There are no {layout} checkpoints of the family {family}: its definition describes {layouts} only. Choose one of these.',
    'zh-CN': '模型系列 {family} 没有 {layout} 格式的权重，其定义仅包含 {layouts}。请选择其中之一。',
  },
  'checkpoint.megatronBias': {
    en: 'The family {family} has a bias in its MLP, for which Megatron checkpoints have no place here. Convert to Hugging Face or MindSpore.',
    'zh-CN': '模型系列 {family} 的 MLP 带偏置，此处的 Megatron 权重无法存放。请转换为 Hugging Face 或 MindSpore 格式。',
  },
  'checkpoint.headerTooLong': {
    en: '{file}: the safetensors header claims {bytes} bytes, more than the limit of {limit}. The file is damaged or of another format.',
    'zh-CN': '{file}：safetensors 文件头声明 {bytes} 字节，超过上限 {limit}。文件已损坏或为其他格式。',
  },
  'checkpoint.headerInvalid': {
    en: '{file}: the safetensors header is not valid at {field}. The file is damaged or of another format; copy or download it again.',
    'zh-CN': '{file}：safetensors 文件头在 {field} 处无效。文件已损坏或为其他格式，请重新复制或下载。',
  },
  'checkpoint.tensorSize': {
    en: '{file}: the tensor {tensor} has {actual} bytes, its shape and dtype need {expected}. The file is damaged; copy or download it again.',
    'zh-CN':
      '{file}：张量 {tensor} 有 {actual} 字节，而其形状与类型需要 {expected} 字节。文件已损坏，请重新复制或下载。',
  },
  'checkpoint.tensorOverlap': {
    en: '{file}: the tensors {tensor} and {other} overlap, or leave a hole between them. The file is damaged; copy or download it again.',
    'zh-CN': '{file}：张量 {tensor} 与 {other} 重叠或之间有空洞。文件已损坏，请重新复制或下载。',
  },
  'checkpoint.tensorRange': {
    en: '{file}: the tensor {tensor} lies outside of its data. The file is damaged; copy or download it again.',
    'zh-CN': '{file}：张量 {tensor} 超出数据范围。文件已损坏，请重新复制或下载。',
  },
  'checkpoint.notZip': {
    en: '{file} is not a zip archive: it was written by an older torch, or it is damaged. Load it with torch 1.6 or newer and save it again.',
    'zh-CN': '{file} 不是 zip 格式：由旧版 torch 写出，或已损坏。请用 torch 1.6 及以上版本加载并重新保存。',
  },
  'checkpoint.zipInvalid': {
    en: '{file}: the archive is damaged or not written by torch.save ({field}). Copy it again.',
    'zh-CN': '{file}：归档已损坏，或不是由 torch.save 写出（{field}）。请重新复制。',
  },
  'checkpoint.bigEndian': {
    en: '{file} was written on a big-endian machine, which is not supported. Save it again on a little-endian machine.',
    'zh-CN': '{file} 由大端机器写出，不受支持。请在小端机器上重新保存。',
  },
  'checkpoint.pickleInvalid': {
    en: '{file}: the pickled structure is not valid at byte {offset} ({field}). The file is damaged or of another kind.',
    'zh-CN': '{file}：pickle 结构在第 {offset} 字节处无效（{field}）。文件已损坏或为其他类型。',
  },
  'checkpoint.pickleTooLarge': {
    en: '{file}: the pickled structure is larger than a checkpoint needs ({field}). It was not read any further.',
    'zh-CN': '{file}：pickle 结构超出权重文件所需的规模（{field}），已停止读取。',
  },
  'checkpoint.globalForbidden': {
    en: '{file} asks for {name}, which is not on the list of things a checkpoint may contain. Nothing was executed. Save only tensors and plain values.',
    'zh-CN': '{file} 引用了 {name}，不在权重文件允许的内容之列。未执行任何代码。请仅保存张量和普通数值。',
  },
  'checkpoint.tensorMissing': {
    en: '{path} has no tensor {tensor}. The checkpoint is incomplete or belongs to another configuration.',
    'zh-CN': '{path} 中没有张量 {tensor}。权重不完整，或与配置不匹配。',
  },
  'checkpoint.incomplete': {
    en: '{path} does not match its configuration: {count} problem(s), first: {problem}. Inspect it for the whole list.',
    'zh-CN': '{path} 与其配置不匹配：{count} 个问题，首个：{problem}。完整列表请查看权重详情。',
  },
  'checkpoint.dtypeUnsupported': {
    en: '{file}: the tensor {tensor} has the dtype {dtype}; fp32, fp16 and bf16 are supported.',
    'zh-CN': '{file}：张量 {tensor} 的类型为 {dtype}，仅支持 fp32、fp16 和 bf16。',
  },
  'checkpoint.tpHeads': {
    en: 'TP {tp} does not divide the {heads} attention heads. Choose a TP that does: {choices}.',
    'zh-CN': 'TP {tp} 不能整除注意力头数 {heads}。可选的 TP：{choices}。',
  },
  'checkpoint.tpGroups': {
    en: 'TP {tp} does not divide the {groups} key/value groups. Choose a TP that does: {choices}.',
    'zh-CN': 'TP {tp} 不能整除键值头组数 {groups}。可选的 TP：{choices}。',
  },
  'checkpoint.tpFfn': {
    en: 'TP {tp} does not divide the FFN size {ffn}. Choose a TP that does: {choices}.',
    'zh-CN': 'TP {tp} 不能整除 FFN 大小 {ffn}。可选的 TP：{choices}。',
  },
  'checkpoint.ppLayers': {
    en: 'PP {pp} does not divide the {layers} layers. Choose a PP that does: {choices}.',
    'zh-CN': 'PP {pp} 不能整除层数 {layers}。可选的 PP：{choices}。',
  },
  'checkpoint.differs': {
    en: '{checkpoint} and {against} differ in {count} tensor(s), first: {tensor}. The log lists the first differences.',
    'zh-CN': '{checkpoint} 与 {against} 有 {count} 个张量不同，首个：{tensor}。首批差异见日志。',
  },
  'checkpoint.logitsDiffer': {
    en: 'The logits of {checkpoint} and {against} are up to {difference} apart for "{prompt}", more than {tolerance}. Their weights differ, or rope_theta or rms_norm_eps of their configurations do.',
    'zh-CN':
      '{checkpoint} 与 {against} 对“{prompt}”的 logits 相差最大 {difference}，超过 {tolerance}。两者的权重不同，或配置中的 rope_theta、rms_norm_eps 不同。',
  },
  'checkpoint.logitsMemory': {
    en: 'Computing the logits of {path} takes {needed} GiB of memory in fp32; {free} GiB are free. Compare the tensors only, or run it on a machine with more memory.',
    'zh-CN':
      '以 fp32 计算 {path} 的 logits 需要 {needed} GiB 内存，当前可用 {free} GiB。请仅比较张量，或在内存更大的机器上运行。',
  },
  'checkpoint.logitsArchitecture': {
    en: 'The reference runtime cannot run {path}: the family {family} has the tensor {tensor}, which it does not know. Compare the tensors only.',
    'zh-CN': '参考运行时无法运行 {path}：{family} 系列含有其不支持的张量 {tensor}。请仅比较张量。',
  },
  'checkpoint.checkFailed': {
    en: '{count} error(s) are in the way of writing {output}. Nothing was written; correct what is listed.',
    'zh-CN': '有 {count} 个错误，无法写入 {output}。未写入任何内容，请按列出的内容更正。',
  },
  'checkpoint.noRoom': {
    en: 'The result takes {needed}, the disk of {path} has {free} free. Free some space, or choose another folder.',
    'zh-CN': '结果需要 {needed}，{path} 所在磁盘剩余 {free}。请释放空间，或选择其他目录。',
  },
  'checkpoint.sourceChanged': {
    en: '{file} changed while it was read. Nothing was kept of the output; run again when nothing writes to the source.',
    'zh-CN': '{file} 在读取过程中被修改，未保留任何输出。请在源文件不再变化后重试。',
  },
  'checkpoint.vppNeedsPp': {
    en: 'Virtual pipeline stages of {perChunk} layer(s) need PP 2 or more. Raise PP, or leave them out.',
    'zh-CN': '虚拟流水线（每段 {perChunk} 层）要求 PP 不小于 2。请增大 PP，或不使用虚拟流水线。',
  },
  'checkpoint.vppLayers': {
    en: 'Virtual pipeline stages of {perChunk} layer(s) do not fit: with PP {pp} each stage has {perStage} layers. Choose one of: {choices}.',
    'zh-CN': '虚拟流水线每段 {perChunk} 层不合适：PP {pp} 时每个阶段有 {perStage} 层。可选值：{choices}。',
  },
  'checkpoint.layerListVpp': {
    en: 'The layer list {list} and virtual pipeline stages exclude each other. Leave one of them out.',
    'zh-CN': '层分配列表 {list} 与虚拟流水线不能同时使用。请去掉其中之一。',
  },
  'checkpoint.layerListNeedsPp': {
    en: 'The layer list {list} needs PP 2 or more. Raise PP, or leave the list out.',
    'zh-CN': '层分配列表 {list} 要求 PP 不小于 2。请增大 PP，或去掉该列表。',
  },
  'checkpoint.layerListCount': {
    en: 'The layer list {list} has {count} entries for {pp} pipeline stages. Give one number per stage.',
    'zh-CN': '层分配列表 {list} 有 {count} 项，而流水线有 {pp} 个阶段。请为每个阶段给出一个数。',
  },
  'checkpoint.layerListSum': {
    en: 'The layer list {list} adds up to {sum}, the model has {layers} layers. Give whole numbers above 0 with that sum.',
    'zh-CN': '层分配列表 {list} 之和为 {sum}，而模型有 {layers} 层。请给出和为该层数的正整数。',
  },
  'checkpoint.vocabTp': {
    en: 'TP {tp} does not divide the {rows} stored rows of the vocabulary of {path}, which are kept as they are. Convert from the Hugging Face weights, or choose a TP that divides them.',
    'zh-CN':
      'TP {tp} 不能整除 {path} 中词表的 {rows} 行，而这些行会原样保留。请从 Hugging Face 权重转换，或选择能整除的 TP。',
  },
  'checkpoint.loraSource': {
    en: 'Adapters can be merged into Megatron weights only; {path} is {layout}. Give the Megatron checkpoint that was fine-tuned.',
    'zh-CN': '只能将 LoRA 合并到 Megatron 权重；{path} 为 {layout}。请给出微调时使用的 Megatron 权重。',
  },
  'checkpoint.loraLayout': {
    en: 'The adapters in {lora} are {found}, the weights in {path} are {expected}. Both must have the same layout, TP and PP.',
    'zh-CN': '{lora} 中的 LoRA 为 {found}，而 {path} 中的权重为 {expected}。两者的格式、TP 与 PP 必须一致。',
  },
  'checkpoint.loraVpp': {
    en: 'Adapters cannot be merged into weights with virtual pipeline stages ({path}). Convert the weights without them first.',
    'zh-CN': '不支持对带虚拟流水线的权重（{path}）合并 LoRA。请先转换为不带虚拟流水线的权重。',
  },
  'checkpoint.loraTargets': {
    en: '{lora} has no adapters for the modules {targets}. It has them for: {found}.',
    'zh-CN': '{lora} 中没有模块 {targets} 的 LoRA。实际包含：{found}。',
  },
  'checkpoint.loraRank': {
    en: 'The adapters in {lora} have rank {found}, not {rank}. Give the rank that they were trained with.',
    'zh-CN': '{lora} 中 LoRA 的秩为 {found}，而非 {rank}。请给出训练时的秩。',
  },
} as const satisfies Record<string, Text>
