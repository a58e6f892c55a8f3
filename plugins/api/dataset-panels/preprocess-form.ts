import type { DatasetTemplate } from '#engine/protocol/tasks.ts'
import { fileField, folderField, optionalIntegerField, selectField, switchField, textField } from '../fields.ts'
import { defineForm, group } from '../form.ts'
import { text } from '../text.ts'
import { alpacaColumns, messageColumns, pairColumns, textColumns } from './column-fields.ts'
import {
  OWN_TEMPLATE,
  choicesOf,
  ownTemplateName,
  packableKinds,
  rowKinds,
  templateKinds,
  templateNames,
  type RowKind,
} from './row-kinds.ts'

/** What a family says about preprocessing for Megatron. */
export interface PreprocessFamily {
  /** In the order of the list; the first one is the default. */
  readonly templates: readonly [DatasetTemplate, ...DatasetTemplate[]]
  /** In the order of the list; the first one is the default. */
  readonly kinds: readonly [RowKind, ...RowKind[]]
  /** What the family's guide switches on. */
  readonly appendEod?: boolean
  readonly slowTokenizer?: boolean
}

/** The form of a preprocessing panel: every option of `preprocess_data.py` that changes what is written. */
export const preprocessForm = ({ templates, kinds, appendEod = false, slowTokenizer = false }: PreprocessFamily) =>
  defineForm(
    group('data', text('Data', '数据'), {
      input: fileField({
        title: text('Raw data', '原始数据'),
        help: text(
          'A file or a folder: parquet, arrow, csv, txt, a JSON array or one JSON object per line; gz and zst of texts (--input).',
          '文件或目录：parquet、arrow、csv、txt、JSON 数组或每行一个 JSON 对象，文本可为 gz、zst 压缩（--input）。',
        ),
        isRequired: true,
      }),
      kind: selectField({
        title: text('Kind of rows', '数据类型'),
        help: text(
          'Which handler turns rows into samples (--handler-name).',
          '由哪个处理器将数据转换为样本（--handler-name）。',
        ),
        choices: choicesOf(kinds, rowKinds),
        default: kinds[0],
      }),
      template: selectField({
        title: text('Prompt template', '对话模板'),
        help: text(
          'How a row becomes a conversation (--prompt-type). Training and chat have to use the same template.',
          '一条数据如何组成对话（--prompt-type）。训练和对话须使用相同的模板。',
        ),
        choices: [...choicesOf(templates, templateNames), { value: OWN_TEMPLATE, label: ownTemplateName }],
        default: templates[0],
        showIf: { field: 'kind', in: [...templateKinds] },
      }),
      tokenizer: folderField({
        title: text('Tokenizer', '分词器'),
        help: text(
          'Folder of the model or of its tokenizer: tokenizer.json, tokenizer.model or vocab.json (--tokenizer-name-or-path).',
          '模型或分词器所在的目录，包含 tokenizer.json、tokenizer.model 或 vocab.json（--tokenizer-name-or-path）。',
        ),
        isRequired: true,
      }),
      outputPrefix: textField({
        title: text('Output prefix', '输出前缀'),
        help: text(
          'Folder and first part of the names of the written files (--output-prefix): <prefix>_packed_input_ids_document.bin and so on.',
          '写出文件的目录与名称前缀（--output-prefix），例如 <前缀>_packed_input_ids_document.bin。',
        ),
      }),
    }),
    alpacaColumns,
    messageColumns,
    pairColumns,
    textColumns,
    group('samples', text('Samples', '样本'), {
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
      pack: switchField({
        title: text('Pack samples', '拼接样本'),
        help: text(
          'Joins samples to sequences of exactly the sequence length (--pack). Training then needs --reset-position-ids.',
          '将样本拼接为恰好等于序列长度的序列（--pack）。训练时需配合 --reset-position-ids。',
        ),
        default: false,
        showIf: { field: 'kind', in: [...packableKinds] },
      }),
      appendEod: switchField({
        title: text('Append an end token', '追加结束词元'),
        help: text(
          'Adds one more end-of-document token to each sample (--append-eod).',
          '在每个样本末尾再追加一个文档结束词元（--append-eod）。',
        ),
        default: appendEod,
      }),
      slowTokenizer: switchField({
        title: text('Slow tokenizer', '慢速分词器'),
        help: text(
          'Ids of the slow tokenizer class, where they differ: tokenizer.model wins over tokenizer.json (--tokenizer-not-use-fast).',
          '使用慢速分词器的结果（两者可能不同）：tokenizer.model 优先于 tokenizer.json（--tokenizer-not-use-fast）。',
        ),
        default: slowTokenizer,
        isExpert: true,
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
      workers: optionalIntegerField({
        title: text('Worker threads', '工作线程'),
        help: text(
          'The result is the same with any number. Empty: all cores but one (--workers).',
          '任意数量的结果都相同。留空则使用除一个以外的所有核心（--workers）。',
        ),
        min: 1,
        max: 256,
        isExpert: true,
      }),
      compat: switchField({
        title: text('Bytes of MindSpeed-LLM 1.0.0', '与 MindSpeed-LLM 1.0.0 逐字节一致'),
        help: text(
          'Repeats the defects of that version, too: packed labels without a mask, for example (--compat 1.0.0).',
          '连同该版本的缺陷一并重现，例如拼接后的标签没有掩码（--compat 1.0.0）。',
        ),
        default: false,
        isExpert: true,
      }),
    }),
  )

export type PreprocessForm = ReturnType<typeof preprocessForm>
export type PreprocessValues = ReturnType<PreprocessForm['read']>['values']
