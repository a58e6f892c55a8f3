import type { Command } from 'commander'
import { MindRecordSpec, type TaskSpecInput } from '../../protocol/tasks.ts'
import { addCommand, choice, examples, integer, type Outcome, pathAt } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'

type SpecInput = TaskSpecInput<'dataset.mindrecord'>

interface Options extends Pick<SpecInput, 'handler' | 'mode'> {
  tokenizer: string
  merges?: string
  seqLength: number
  shards: number
  repeat: number
  seed: number
  startToken: string
  userToken: string
  botToken: string
  endToken: string
  padToken: string
  strict?: boolean
}

const { handler, mode } = MindRecordSpec.shape

/** `awb mindrecord`: what the scripts of MindFormers do, by one command. */
export function addMindRecordCommand(program: Command, outcome: Outcome): void {
  addCommand<Options>(
    program,
    outcome,
    'mindrecord <input> <output>',
    'turn rows into MindRecord files for MindFormers, with their index',
    (command) =>
      examples(
        command
          .addOption(choice('--handler <name>', 'kind of rows', handler.options).makeOptionMandatory())
          .requiredOption('--tokenizer <path>', 'tokenizer.model, or vocab.json (chatml, wiki); or the folder of it')
          .option('--merges <path>', 'merges.txt (chatml, wiki)')
          .option('--seq-length <n>', 'sequence length; records have one token more', integer(1), 2048)
          .option('--shards <n>', 'number of files', integer(1), 1)
          .option('--repeat <n>', 'how often the text is taken (wiki)', integer(1), 1)
          .option('--seed <n>', 'order of rows (telechat), shard of each', integer(0), 2024)
          .addOption(choice('--mode <name>', 'what squad rows are for', mode.unwrap().options).default('train'))
          .option('--start-token <name>', 'name of the token (telechat); empty for none', '<_start>')
          .option('--user-token <name>', 'name of the token (telechat)', '<_user>')
          .option('--bot-token <name>', 'name of the token (telechat)', '<_bot>')
          .option('--end-token <name>', 'name of the token (telechat)', '<_end>')
          .option('--pad-token <name>', 'name of the token (telechat)', '<_pad>')
          .option('--strict', 'fail at the first bad row instead of setting it aside'),
        'awb mindrecord ./conversations.json ./data/qa.mindrecord --handler qa --tokenizer ./llama-2-7b/tokenizer.model',
      ),
    (session, args, options) => {
      const { startToken: start, userToken: user, botToken: bot, endToken: end, padToken: pad, ...rest } = options
      return runTaskHere(session, 'dataset.mindrecord', {
        ...rest,
        input: pathAt(session, args, 0),
        output: pathAt(session, args, 1),
        tokenizer: session.path(rest.tokenizer),
        ...(rest.merges === undefined ? {} : { merges: session.path(rest.merges) }),
        tokens: { start, user, bot, end, pad },
      })
    },
  )
}

/** A flag of a script that holds a whole number. @throws UsageError */
export function wholeFlag(flags: ReadonlyMap<string, string>, name: string, usual: number, least = 1): number {
  const text = flags.get(name) ?? String(usual)
  if (!/^\d+$/.test(text) || Number(text) < least)
    throw new UsageError(`--${name} is a whole number from ${least}, not ${text}`)
  return Number(text)
}

/** A flag of a script that names a file. @throws UsageError where it is missing and has no default */
export function pathFlag(session: Session, flags: ReadonlyMap<string, string>, name: string, usual?: string): string {
  const text = flags.get(name) ?? usual
  if (text === undefined || text === '') throw new UsageError(`--${name} is needed`)
  return session.path(text)
}
