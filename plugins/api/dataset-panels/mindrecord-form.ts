import type { MindRecordSpec } from '#engine/protocol/tasks.ts'
import { fileField, integerField, selectField, switchField, textField } from '../fields.ts'
import { defineForm, group } from '../form.ts'
import { text, type Text } from '../text.ts'
import { choicesOf } from './row-kinds.ts'

export type RecordKind = MindRecordSpec['handler']

/** What a family says about preprocessing for MindFormers. */
export interface MindRecordFamily {
  /** In the order of the list; the first one is the default. */
  readonly kinds: readonly [RecordKind, ...RecordKind[]]
  /** Of the family's guide. */
  readonly seqLength: number
  /** The tokenizer is Qwen's: vocab.json with merges.txt instead of tokenizer.model. */
  readonly hasMerges?: boolean
}

const recordKinds: { readonly [K in RecordKind]: Text } = {
  wiki: text('WikiText: paragraphs for pretraining', 'WikiText：用于预训练的段落'),
  qa: text('Conversations of human and gpt', 'human 与 gpt 的对话'),
  squad: text('SQuAD: passages with questions', 'SQuAD：阅读理解问答'),
  chatml: text('Messages in ChatML', 'ChatML 消息'),
  telechat: text('TeleChat: dialogs, or input and output', 'TeleChat：dialog 对话，或 input 与 output'),
}

/** Kinds that alpaca rows can be converted to first. */
export const convertibleKinds: RecordKind[] = ['qa', 'chatml']

const token = (en: string, chinese: string, value: string) =>
  textField({
    title: text(`Token of the ${en}`, `${chinese}词元`),
    help: text('As it is named in the vocabulary.', '词表中的名称。'),
    default: value,
    isExpert: true,
    showIf: { field: 'kind', in: ['telechat'] },
  })

/** The form of a panel that writes MindRecord: the options of the family's scripts, and those that all of them lack. */
export const mindRecordForm = ({ kinds, seqLength, hasMerges = false }: MindRecordFamily) =>
  defineForm(
    group('data', text('Data', '数据'), {
      input: fileField({
        title: text('Raw data', '原始数据'),
        help: text(
          'The file that the script of the guide takes; WikiText and SQuAD are read as a whole.',
          '指南中脚本所接受的文件；WikiText 与 SQuAD 会整体读入。',
        ),
        isRequired: true,
      }),
      kind: selectField({
        title: text('Kind of rows', '数据类型'),
        help: text('Which script of the guide this stands for.', '对应指南中的哪个脚本。'),
        choices: choicesOf(kinds, recordKinds),
        default: kinds[0],
      }),
      isAlpaca: switchField({
        title: text('Convert from Alpaca first', '先由 Alpaca 格式转换'),
        help: text(
          'The rows are instruction, input and output; they become conversations in a step of its own (alpaca_converter.py).',
          '数据为 instruction、input、output，先用单独一步转换为对话（alpaca_converter.py）。',
        ),
        default: false,
        showIf: { field: 'kind', in: [...convertibleKinds] },
      }),
      tokenizer: fileField({
        title: text('Tokenizer', '分词器'),
        help: text(
          'tokenizer.model of the model, or vocab.json for ChatML; or the folder of it.',
          '模型的 tokenizer.model，ChatML 为 vocab.json；也可为其所在目录。',
        ),
        isRequired: true,
      }),
      merges: fileField({
        title: text('Merges', '合并规则文件'),
        help: text('merges.txt; empty: the one beside the vocabulary.', 'merges.txt；留空则使用词表旁的同名文件。'),
        isExpert: true,
        showIf: { field: 'kind', in: hasMerges ? [...kinds] : [] },
      }),
      output: textField({
        title: text('Output file', '输出文件'),
        help: text(
          'The MindRecord file; its name should end in .mindrecord, so that MindFormers finds it in a folder.',
          'MindRecord 文件，名称应以 .mindrecord 结尾，以便 MindFormers 在目录中识别。',
        ),
      }),
    }),
    group('records', text('Records', '记录'), {
      seqLength: integerField({
        title: text('Sequence length', '序列长度'),
        help: text(
          'As in the training configuration; a record holds one token more.',
          '与训练配置一致；每条记录会多一个词元。',
        ),
        unit: text('tokens', '词元'),
        default: seqLength,
        min: 1,
        max: 1_048_576,
      }),
      mode: selectField({
        title: text('Used for', '用途'),
        help: text(
          'Training masks the question, evaluation keeps it apart (--mode).',
          '训练时掩盖问题，评测时问答分开（--mode）。',
        ),
        choices: [
          { value: 'train', label: text('Training', '训练') },
          { value: 'eval', label: text('Evaluation', '评测') },
        ],
        default: 'train',
        showIf: { field: 'kind', in: ['squad'] },
      }),
      repeat: integerField({
        title: text('Repeat', '重复次数'),
        help: text('How often the text is taken (--repeat).', '文本重复使用的次数（--repeat）。'),
        unit: text('times', '次'),
        default: 1,
        min: 1,
        max: 1000,
        showIf: { field: 'kind', in: ['wiki'] },
      }),
      shards: integerField({
        title: text('Files', '文件数'),
        help: text(
          'The records are spread over this many files (--file_partition).',
          '记录分散到的文件数量（--file_partition）。',
        ),
        default: 1,
        min: 1,
        max: 1000,
      }),
      seed: integerField({
        title: text('Seed', '随机种子'),
        help: text(
          'Decides the order of TeleChat rows and the file of each record.',
          '决定 TeleChat 数据的顺序以及每条记录所在的文件。',
        ),
        default: 2024,
        min: 0,
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
      startToken: token('start', '起始', '<_start>'),
      userToken: token('user', '用户', '<_user>'),
      botToken: token('answer', '回答', '<_bot>'),
      endToken: token('end', '结束', '<_end>'),
      padToken: token('padding', '填充', '<_pad>'),
    }),
  )

export type MindRecordForm = ReturnType<typeof mindRecordForm>
export type MindRecordValues = ReturnType<MindRecordForm['read']>['values']
