import type { Command } from 'commander'
import { join } from 'node:path'
import { parseFlags } from '../drop-in-flags.ts'
import { addCommand, examples, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import { type Session } from '../session.ts'
import { pathFlag, wholeFlag } from './mindrecord.ts'

const TOKENS = ['start', 'user', 'bot', 'end', 'pad'] as const
const flagNames = {
  values: [
    'script',
    'input_dataset_file',
    'output_path',
    'vocab_file_path',
    'max_length',
    'seed',
    ...TOKENS.map((token) => `${token}_token`),
  ],
}

/** `awb telechat_preprocess.py`: dialogues for TeleChat2. */
export function addTelechatPreprocessCommand(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    'telechat_preprocess.py [arguments...]',
    "MindFormers' script: dialogues to MindRecord for TeleChat2",
    (command) =>
      examples(
        command.allowUnknownOption(),
        'awb telechat_preprocess.py --input_dataset_file ./demo_tool.jsonl --vocab_file_path ./tokenizer.model ' +
          '--max_length 8192 --output_path ./mindrecords',
      ),
    (session, args) => preprocess(session, args),
  )
}

async function preprocess(session: Session, args: string[]): Promise<void> {
  const flags = parseFlags(args, flagNames)
  const place = pathFlag(session, flags, 'output_path')
  const tokens = TOKENS.flatMap((token) => {
    const name = flags.get(`${token}_token`)
    return name === undefined ? [] : [[token, name] as const]
  })
  await runTaskHere(session, 'dataset.mindrecord', {
    handler: 'telechat',
    input: pathFlag(session, flags, 'input_dataset_file'),
    output: place.endsWith('.mindrecord') ? place : join(place, 'dataset.mindrecord'),
    tokenizer: pathFlag(session, flags, 'vocab_file_path'),
    seqLength: wholeFlag(flags, 'max_length', 8192),
    seed: wholeFlag(flags, 'seed', 2024, 0),
    tokens: Object.fromEntries(tokens),
  })
}
