import type { Command } from 'commander'
import { AppError } from '../../protocol/errors/index.ts'
import { parseFlags } from '../drop-in-flags.ts'
import { addCommand, examples, type Outcome } from '../options.ts'
import { runHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'
import { pathFlag } from './mindrecord.ts'

const flagNames = { values: ['script', 'family', 'data_path', 'output_path'] }
const MODE = 0o644

/** Scripts of MindFormers whose folder tells which family is meant, and those that may be named with theirs. */
export const mindFormersScripts = [
  'alpaca_converter.py',
  'llama_preprocess.py',
  'squad_data_process.py',
  'qwen1_5_preprocess.py',
  'telechat_preprocess.py',
] as const

/** `awb alpaca_converter.py`: alpaca rows to what the preprocessors of Llama2 and Qwen1.5 read. */
export function addAlpacaConverterCommand(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    'alpaca_converter.py [arguments...]',
    "MindFormers' scripts: alpaca rows to conversations (Llama2) or messages (Qwen1.5)",
    (command) =>
      examples(
        command.allowUnknownOption(),
        'awb alpaca_converter.py --data_path ./alpaca_data.json --output_path ./alpaca-data-conversation.json',
        'awb research/qwen1_5/alpaca_converter.py --data_path ./alpaca_data.json --output_path ./alpaca-messages.json',
        'awb alpaca_converter.py --family qwen1.5 --data_path ./alpaca_data.json --output_path ./alpaca-messages.json',
      ),
    (session, args) => convert(session, args),
  )
}

async function convert(session: Session, args: string[]): Promise<void> {
  const flags = parseFlags(args, flagNames)
  const family = flags.get('family') ?? (/qwen/i.test(flags.get('script') ?? '') ? 'qwen1.5' : 'llama')
  if (family !== 'llama' && family !== 'qwen1.5') throw new UsageError(`--family is llama or qwen1.5, not ${family}`)
  const input = pathFlag(session, flags, 'data_path', 'alpaca-data.json')
  const output = pathFlag(session, flags, 'output_path', 'alpaca-data-conversation.json')
  await runHere(session, async (context) => {
    const { openReader } = await import('../../dataset/readers/open.ts')
    const { pythonJson, readAlpacaRow, toLlamaConversation, toQwenMessages } =
      await import('../../dataset/mindformers/alpaca-converter.ts')
    const { writeFileAtomic } = await import('../../host/atomic-file.ts')
    const converted: object[] = []
    for await (const batch of (await openReader(input)).batches(context.signal)) {
      for (const { row, line, value, problem } of batch) {
        const alpaca = problem ?? readAlpacaRow(value)
        if ('reason' in alpaca) {
          const reason = alpaca.detail === undefined ? alpaca.reason : `${alpaca.reason} (${alpaca.detail})`
          throw new AppError('dataset.rowRejected', { file: input, row, line, reason })
        }
        converted.push(family === 'llama' ? toLlamaConversation(alpaca, row) : toQwenMessages(alpaca))
      }
    }
    const text =
      family === 'llama' ? JSON.stringify(converted, null, 2) : converted.map((row) => `${pythonJson(row)}\n`).join('')
    writeFileAtomic(output, text, MODE)
    context.log(`Converted ${converted.length} rows: ${output}`)
    return { output, rows: converted.length }
  })
}
