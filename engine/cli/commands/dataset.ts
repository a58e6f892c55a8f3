import { type Command, InvalidArgumentError } from 'commander'
import { DatasetHandler, DatasetTemplate, ShareGptColumns, ShareGptTags } from '../../protocol/tasks.ts'
import { addCommand, choice, examples, integer, list, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import type { Session } from '../session.ts'
import { pathAt } from './checkpoint.ts'
import { addDownloadCommand } from './hub-download.ts'
import { addInspectCommand } from './dataset-inspect.ts'
import { addDatasetOperations } from './dataset-operations.ts'
import { mergeHere } from './preprocess-data-merge.ts'

/** The chat template of the tokenizer itself. */
const OWN_TEMPLATE = 'tokenizer'

interface SourceOptions {
  tokenizer: string
  template: DatasetTemplate | typeof OWN_TEMPLATE
  seqLength?: number
  appendEod?: boolean
  promptColumn: string
  queryColumn: string
  responseColumn: string
  historyColumn: string
  systemColumn: string
  chosenColumn: string
  rejectedColumn: string
  messagesColumn: string
  toolsColumn: string
  tags?: ShareGptTags
  handler: DatasetHandler
  jsonKeys?: string[]
  maxRows?: number
  pack?: boolean
  slowTokenizer?: boolean
  compat?: '1.0.0'
}

export function addDatasetCommands(program: Command, outcome: Outcome): void {
  const dataset = program
    .command('dataset')
    .description('preprocess, preview, inspect, sample, split and deduplicate datasets')

  addDownloadCommand(dataset, outcome, 'dataset')

  addCommand<SourceOptions & { strict?: boolean; workers?: number }>(
    dataset,
    outcome,
    'preprocess <input> <output-prefix>',
    'turn rows of conversations or texts into a Megatron dataset',
    (command) =>
      examples(
        withSourceOptions(command)
          .option('--strict', 'fail at the first bad row instead of setting it aside')
          .option('--workers <n>', 'threads that encode; without it all cores but one', integer(1)),
        'awb dataset preprocess ./alpaca.json ./data/alpaca --tokenizer ./llama-2-7b-hf --seq-length 4096',
        'awb dataset preprocess ./chats.json ./data/chats --handler sharegpt --template qwen --tokenizer ./Qwen1.5-7B',
        'awb dataset preprocess ./wiki.jsonl ./data/wiki --handler pretrain --json-keys text --tokenizer ./llama-2-7b-hf',
      ),
    async (session, args, options) => {
      const source = sourceOf(session, args, options)
      const outputPrefix = pathAt(session, args, 1)
      const { strict = false, workers } = options
      const threads = workers === undefined ? {} : { workers }
      await runTaskHere(session, 'dataset.preprocess', { ...source, outputPrefix, strict, ...threads })
    },
  )

  addCommand<SourceOptions & { samples: number }>(
    dataset,
    outcome,
    'preview <input>',
    'the first samples as the model will see them, and the lengths',
    (command) => withSourceOptions(command).option('--samples <n>', 'how many, at most 20', integer(1), 3),
    async (session, args, options) => {
      const { previewDataset } = await import('../../dataset/preview.ts')
      const samples = Math.min(20, options.samples)
      const preview = await previewDataset({ ...sourceOf(session, args, options), samples })
      session.result(preview, () => [
        ...preview.samples.flatMap(({ row, length, tokens }) => [
          session.text(`Row ${row + 1}, ${length} tokens:`, `第 ${row + 1} 条，${length} 个词元：`),
          tokens.map(({ text }) => text).join(''),
        ]),
        ...preview.rejected.map(({ row, text }) =>
          session.text(`Row ${row + 1} is left out: ${text.en}`, `第 ${row + 1} 条被跳过：${text['zh-CN']}`),
        ),
      ])
    },
  )

  addCommand<{ keys: string[] }>(
    dataset,
    outcome,
    'merge <folder> <output-prefix>',
    'join Megatron datasets of a folder, one result per key',
    (command) =>
      examples(
        command.requiredOption('--keys <names>', 'ends of names behind the prefix, as in the example', list),
        'awb dataset merge ./parts ./data/all --keys packed_input_ids_document,packed_attention_mask_document,packed_labels_document',
      ),
    (session, args, { keys }) =>
      mergeHere(session, { folder: pathAt(session, args, 0), keys, outputPrefix: pathAt(session, args, 1) }),
  )

  addDatasetOperations(dataset, outcome)

  addInspectCommand(dataset, outcome)
}

const withSourceOptions = (command: Command): Command =>
  command
    .requiredOption('--tokenizer <path>', 'folder with tokenizer.json or tokenizer.model, or one of these files')
    .addOption(
      choice('--template <name>', 'prompt template', [...DatasetTemplate.options, OWN_TEMPLATE]).default('llama2'),
    )
    .addOption(choice('--handler <name>', 'what the rows are', DatasetHandler.options).default('alpaca'))
    .option('--seq-length <n>', 'leave out samples of this many tokens or more', integer(1))
    .option('--append-eod', 'end every sample with the end-of-document token')
    .option('--pack', 'join samples to sequences of exactly --seq-length tokens')
    .option('--slow-tokenizer', 'behave as the slow tokenizer class: tokenizer.model before tokenizer.json')
    .addOption(choice('--compat <version>', 'the bytes of this MindSpeed-LLM, its defects included', ['1.0.0']))
    .option('--max-rows <n>', 'take that many rows from the start', integer(1))
    .option('--json-keys <names>', 'columns of texts, for the handler pretrain: text,title', list)
    .option('--prompt-column <name>', 'column of the instruction', 'instruction')
    .option('--query-column <name>', 'column of the input; empty for none', 'input')
    .option('--response-column <name>', 'column of the answer', 'output')
    .option('--history-column <name>', 'column of earlier turns; empty for none', '')
    .option('--system-column <name>', 'column of the system prompt; empty for none', '')
    .option('--chosen-column <name>', 'column of the better answer of a pair', 'chosen')
    .option('--rejected-column <name>', 'column of the worse answer of a pair', 'rejected')
    .option('--messages-column <name>', 'column of the messages of a ShareGPT row', 'conversations')
    .option('--tools-column <name>', 'column of the tools of a ShareGPT row; empty for none', '')
    .option(
      '--tags <json>',
      'names in ShareGPT messages, e.g. {"role":"role","content":"content","user":"user"}',
      tagsOf,
    )

function tagsOf(text: string): ShareGptTags {
  try {
    return ShareGptTags.parse(JSON.parse(text))
  } catch {
    throw new InvalidArgumentError(`Expected a JSON object with some of ${Object.keys(ShareGptTags.shape).join(', ')}.`)
  }
}

const sourceOf = (session: Session, args: string[], options: SourceOptions) => ({
  input: pathAt(session, args, 0),
  handler: options.handler,
  ...(options.template === OWN_TEMPLATE
    ? { template: 'empty' as const, chatTemplate: true }
    : { template: options.template }),
  tokenizer: session.path(options.tokenizer),
  columns: {
    prompt: options.promptColumn,
    query: options.queryColumn,
    response: options.responseColumn,
    history: options.historyColumn,
    system: options.systemColumn,
    chosen: options.chosenColumn,
    rejected: options.rejectedColumn,
  },
  sharegpt: ShareGptColumns.parse({
    messages: options.messagesColumn,
    system: options.systemColumn,
    tools: options.toolsColumn,
    chosen: options.chosenColumn,
    rejected: options.rejectedColumn,
    tags: options.tags,
  }),
  appendEod: options.appendEod === true,
  ...(options.jsonKeys === undefined ? {} : { jsonKeys: options.jsonKeys }),
  ...(options.maxRows === undefined ? {} : { maxRows: options.maxRows }),
  ...(options.pack === undefined ? {} : { pack: options.pack }),
  ...(options.slowTokenizer === undefined ? {} : { slowTokenizer: options.slowTokenizer }),
  ...(options.compat === undefined ? {} : { compat: options.compat }),
  ...(options.seqLength === undefined ? {} : { seqLength: options.seqLength }),
})
