import {
  columnField,
  defineForm,
  fileField,
  folderField,
  group,
  optionalIntegerField,
  selectField,
  switchField,
  text,
  textField,
} from '#plugin-api'

const columnOf = (en: string, chinese: string, help: [string, string], value: string, isExpert = false) =>
  columnField({ title: text(en, chinese), help: text(...help), of: 'input', default: value, isExpert })

/** The prompt templates of the instruction panels. */
export const templateChoices = [
  { value: 'llama2', label: text('llama2: [INST] … [/INST]', 'llama2：[INST] … [/INST]') },
  { value: 'default', label: text('default: Human / Assistant', 'default：Human / Assistant') },
  { value: 'alpaca', label: text('alpaca: ### Instruction', 'alpaca：### Instruction') },
  { value: 'empty', label: text('empty: the text alone', 'empty：仅文本') },
] as const

export const preprocessForm = defineForm(
  group('data', text('Data', '数据'), {
    input: fileField({
      title: text('Raw data', '原始数据'),
      help: text(
        'An alpaca file: a JSON array of objects, or one JSON object per line (--input).',
        'alpaca 风格的文件：JSON 对象数组，或每行一个 JSON 对象（--input）。',
      ),
      isRequired: true,
    }),
    tokenizer: folderField({
      title: text('Tokenizer', '分词器'),
      help: text(
        'Folder of the model or of its tokenizer: tokenizer.json or tokenizer.model (--tokenizer-name-or-path).',
        '模型或分词器所在的目录，包含 tokenizer.json 或 tokenizer.model（--tokenizer-name-or-path）。',
      ),
      isRequired: true,
    }),
    template: selectField({
      title: text('Prompt template', '对话模板'),
      help: text(
        'How a row becomes a conversation (--prompt-type). Training and chat have to use the same template.',
        '一条数据如何组成对话（--prompt-type）。训练和对话须使用相同的模板。',
      ),
      choices: templateChoices,
      default: 'llama2',
    }),
    outputPrefix: textField({
      title: text('Output prefix', '输出前缀'),
      help: text(
        'Folder and first part of the names of the written files (--output-prefix): <prefix>_packed_input_ids_document.bin and so on.',
        '写出文件的目录与名称前缀（--output-prefix），例如 <前缀>_packed_input_ids_document.bin。',
      ),
    }),
    seqLength: optionalIntegerField({
      title: text('Sequence length', '序列长度'),
      help: text(
        'Samples of this many tokens or more are left out and counted (--seq-length). Empty: all are kept, training cuts them.',
        '达到或超过该长度的样本会被丢弃并计数（--seq-length）。留空则全部保留，由训练时截断。',
      ),
      unit: text('tokens', '词元'),
      min: 1,
      max: 1_048_576,
    }),
    strict: switchField({
      title: text('Stop at a bad row', '遇坏数据即停止'),
      help: text(
        'Off: bad rows are counted, explained and written to a side file.',
        '关闭时，坏数据会被计数、说明原因并写入旁路文件。',
      ),
      default: false,
      isExpert: true,
    }),
    appendEod: switchField({
      title: text('Append an end token', '追加结束词元'),
      help: text(
        'Adds one more end-of-document token to each sample (--append-eod).',
        '在每个样本末尾再追加一个文档结束词元（--append-eod）。',
      ),
      default: false,
      isExpert: true,
    }),
  }),
  group('columns', text('Columns (--map-keys)', '列映射（--map-keys）'), {
    promptColumn: columnOf('Instruction', '指令列', ['The task.', '任务描述。'], 'instruction'),
    queryColumn: columnOf(
      'Input',
      '输入列',
      ['Appended to the instruction on a new line; empty: none.', '另起一行接在指令之后；留空则不使用。'],
      'input',
    ),
    responseColumn: columnOf('Output', '输出列', ['The answer that is trained.', '用于训练的回答。'], 'output'),
    historyColumn: columnOf(
      'History',
      '历史列',
      ['Earlier turns: a list of [question, answer] pairs.', '之前的对话：[问, 答] 列表。'],
      '',
      true,
    ),
    systemColumn: columnOf('System', '系统提示列', ['A system prompt per row.', '每条数据的系统提示。'], '', true),
  }),
)
