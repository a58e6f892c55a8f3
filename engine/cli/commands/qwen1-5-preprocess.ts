import type { Command } from 'commander'
import { parseFlags } from '../drop-in-flags.ts'
import { addCommand, examples, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'
import { pathFlag, wholeFlag } from './mindrecord.ts'

const flagNames = {
  values: [
    'script',
    'dataset_type',
    'input_glob',
    'output_file',
    'vocab_file',
    'merges_file',
    'file_partition',
    'repeat',
    'seq_length',
  ],
}

/** `awb qwen1_5_preprocess.py`: ChatML messages for Qwen1.5. */
export function addQwenPreprocessCommand(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    'qwen1_5_preprocess.py [arguments...]',
    "MindFormers' script: messages or WikiText to MindRecord for Qwen1.5",
    (command) =>
      examples(
        command.allowUnknownOption(),
        'awb qwen1_5_preprocess.py --input_glob ./alpaca-messages.json --vocab_file ./vocab.json ' +
          '--merges_file ./merges.txt --seq_length 2048 --output_file ./alpaca-messages.mindrecord',
      ),
    (session, args) => preprocess(session, args),
  )
}

async function preprocess(session: Session, args: string[]): Promise<void> {
  const flags = parseFlags(args, flagNames)
  const type = flags.get('dataset_type') ?? 'qa'
  if (type !== 'qa' && type !== 'wiki') throw new UsageError(`--dataset_type is wiki or qa, not ${type}`)
  await runTaskHere(session, 'dataset.mindrecord', {
    handler: type === 'qa' ? 'chatml' : 'wiki',
    input: pathFlag(session, flags, 'input_glob'),
    output: pathFlag(session, flags, 'output_file', './alpaca-fastchat-qwen.mindrecord'),
    tokenizer: pathFlag(session, flags, 'vocab_file', './vocab.json'),
    merges: pathFlag(session, flags, 'merges_file', './merges.txt'),
    seqLength: wholeFlag(flags, 'seq_length', 2048),
    shards: wholeFlag(flags, 'file_partition', 1),
    repeat: wholeFlag(flags, 'repeat', 1),
  })
}
