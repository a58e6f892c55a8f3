import type { Command } from 'commander'
import { parseFlags } from '../drop-in-flags.ts'
import { addCommand, examples, type Outcome } from '../options.ts'
import { runHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'
import { pathFlag } from './mindrecord.ts'

const flagNames = { values: ['script', 'family', 'data_path', 'output_path'] }

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
    const { convertAlpaca } = await import('../../dataset/mindformers/convert-alpaca.ts')
    const rows = await convertAlpaca({ input, output, style: family }, context.signal)
    context.log(`Converted ${rows} rows: ${output}`)
    return { output, rows }
  })
}
