import type { Text } from '../text.ts'

export const datasetErrors = {
  'dataset.columnMissing': {
    en: '{file} has no column "{column}"; its columns are {columns}. Correct the mapping, or clear it to do without.',
    'zh-CN': '{file} 没有列“{column}”，现有的列：{columns}。请更正列映射，或清空该映射。',
  },
  'dataset.cut': {
    en: '{file} ends at byte {byte} in the middle of a JSON value, so it is incomplete. Copy or download it again.',
    'zh-CN': '{file} 在第 {byte} 字节处中断，JSON 不完整。请重新复制或下载该文件。',
  },
  'dataset.notJson': {
    en: '{file} is not valid JSON at byte {byte}: {reason}. Correct the file there.',
    'zh-CN': '{file} 在第 {byte} 字节处不是有效的 JSON：{reason}。请在该处更正文件。',
  },
  'dataset.formatUnknown': {
    en: '{file} is none of parquet, Arrow, CSV, text, a JSON array of objects, or one JSON object per line. Convert it to one of these, or correct its extension.',
    'zh-CN':
      '{file} 不是 parquet、Arrow、CSV、文本、由对象组成的 JSON 数组或每行一个 JSON 对象。请转换为其中一种格式，或更正扩展名。',
  },
  'dataset.corrupt': {
    en: '{file} cannot be read: {reason}. Copy or download it again, or write it anew.',
    'zh-CN': '无法读取 {file}：{reason}。请重新复制、下载或生成该文件。',
  },
  'dataset.encoding': {
    en: '{file} is written in {encoding}. Convert it to UTF-8.',
    'zh-CN': '{file} 的编码为 {encoding}。请转换为 UTF-8。',
  },
  'dataset.chatTemplate': {
    en: 'The chat template of the tokenizer {path} cannot be used: {reason}. Choose one of the templates by name.',
    'zh-CN': '无法使用分词器 {path} 的对话模板：{reason}。请按名称选择一个模板。',
  },
  'dataset.changed': {
    en: '{file} changed while it was read. Nothing was kept of the output; run again when nothing writes to the source.',
    'zh-CN': '{file} 在读取过程中发生了变化，输出未保留。请在没有程序写入该文件时重新运行。',
  },
  'dataset.folderEmpty': {
    en: '{path} holds no data files. Choose a folder with parquet, arrow, csv, tsv, json, jsonl or txt files.',
    'zh-CN': '{path} 中没有数据文件。请选择包含 parquet、arrow、csv、tsv、json、jsonl 或 txt 文件的文件夹。',
  },
  'dataset.empty': {
    en: '{file} has no rows. Choose a file with data.',
    'zh-CN': '{file} 没有任何数据行，请选择有数据的文件。',
  },
  'dataset.rowRejected': {
    en: '{file}, row {row} (line {line}): {reason}. Correct the row, or run without strict to set such rows aside.',
    'zh-CN': '{file} 第 {row} 条数据（第 {line} 行）：{reason}。请更正该数据，或关闭严格模式以跳过这类数据。',
  },
  'dataset.noSamples': {
    en: 'None of the {rows} rows of {file} became a sample: {reasons}. Check the column mapping and the sequence length.',
    'zh-CN': '{file} 的 {rows} 条数据都未能成为样本：{reasons}。请检查列映射和序列长度。',
  },
  'dataset.recordTooLarge': {
    en: 'A record of {bytes} bytes does not fit into a MindRecord page of {limit} bytes. Use a shorter sequence length.',
    'zh-CN': '一条 {bytes} 字节的记录放不进 {limit} 字节的 MindRecord 页。请减小序列长度。',
  },
  'dataset.tokenMissing': {
    en: 'The tokenizer {path} has no token {token}. Choose the tokenizer of the model, or name its own token.',
    'zh-CN': '分词器 {path} 中没有词元 {token}。请选择模型自己的分词器，或指定其中已有的词元。',
  },
  'dataset.tokenizerMissing': {
    en: '{path} holds neither tokenizer.json nor tokenizer.model. Choose the folder of the model or of its tokenizer.',
    'zh-CN': '{path} 中没有 tokenizer.json 或 tokenizer.model。请选择模型或分词器所在的文件夹。',
  },
  'dataset.tokenizerInvalid': {
    en: '{file} cannot be read as a tokenizer: {reason}. Copy it again from the model it belongs to.',
    'zh-CN': '无法将 {file} 读取为分词器：{reason}。请从所属模型重新复制该文件。',
  },
  'dataset.tokenizerUnsupported': {
    en: '{file} uses {component}, which this version cannot reproduce exactly. Use another form of the same tokenizer.',
    'zh-CN': '{file} 使用了 {component}，当前版本无法精确重现。请使用同一分词器的其他格式。',
  },
  'dataset.templateToken': {
    en: 'The template {template} needs a {token} token, which the tokenizer {path} does not have. Choose another template.',
    'zh-CN': '模板 {template} 需要 {token} 词元，但分词器 {path} 中没有。请选择其他模板。',
  },
  'dataset.indexInvalid': {
    en: '{file} is not a valid Megatron dataset: {reason}. Preprocess the data again.',
    'zh-CN': '{file} 不是有效的 Megatron 数据集：{reason}。请重新预处理数据。',
  },
  'dataset.passportInvalid': {
    en: '{file} is missing or unreadable, so it is unknown how the dataset was made. Preprocess the data again.',
    'zh-CN': '{file} 缺失或无法读取，无法得知数据集的制作方式。请重新预处理数据。',
  },
  'dataset.mergeMissing': {
    en: '{folder} has no dataset whose name contains "{key}". Correct the key, or choose the folder of the parts.',
    'zh-CN': '{folder} 中没有名称包含“{key}”的数据集。请更正键名，或选择各部分所在的文件夹。',
  },
  'dataset.mergeAmbiguous': {
    en: '"{key}" stands in the names of different kinds of data in {folder}: {names}. Give a longer key, such as "{better}".',
    'zh-CN': '“{key}”同时出现在 {folder} 中不同数据的名称里：{names}。请使用更长的键名，例如“{better}”。',
  },
  'dataset.mergeDtype': {
    en: '{file} holds {found} numbers, the first part holds {expected}. Preprocess the parts alike.',
    'zh-CN': '{file} 的数据类型为 {found}，而第一部分为 {expected}。请以相同方式预处理各部分。',
  },
  'dataset.sampleMissing': {
    en: '{prefix} has {samples} samples, so there is no sample {sample} (they are numbered from 0).',
    'zh-CN': '{prefix} 共有 {samples} 个样本，没有样本 {sample}（编号从 0 开始）。',
  },
} as const satisfies Record<string, Text>
