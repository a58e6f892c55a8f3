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
    'tokenizer',
    'model_file',
    'file_partition',
    'repeat',
    'samples_num',
    'seq_length',
  ],
}

/** `awb llama_preprocess.py`: MindFormers' WikiText and conversations for Llama2. */
export function addLlamaPreprocessCommand(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    'llama_preprocess.py [arguments...]',
    "MindFormers' script: WikiText or conversations to MindRecord for Llama2",
    (command) =>
      examples(
        command.allowUnknownOption(),
        'awb llama_preprocess.py --dataset_type qa --input_glob ./alpaca-data-conversation.json ' +
          '--model_file ./tokenizer.model --seq_length 2048 --output_file ./alpaca-fastchat2048.mindrecord',
      ),
    (session, args) => preprocess(session, args),
  )
}

async function preprocess(session: Session, args: string[]): Promise<void> {
  const flags = parseFlags(args, flagNames)
  const type = flags.get('dataset_type') ?? 'wiki'
  if (type !== 'wiki' && type !== 'qa') throw new UsageError(`--dataset_type is wiki or qa, not ${type}`)
  if ((flags.get('tokenizer') ?? 'llama') !== 'llama') throw new UsageError('--tokenizer can only be llama')
  await runTaskHere(session, 'dataset.mindrecord', {
    handler: type,
    input: pathFlag(session, flags, 'input_glob'),
    output: pathFlag(session, flags, 'output_file', './dataset/wiki2048/wiki2048'),
    tokenizer: pathFlag(session, flags, 'model_file'),
    seqLength: wholeFlag(flags, 'seq_length', 2048),
    shards: wholeFlag(flags, 'file_partition', 1),
    repeat: wholeFlag(flags, 'repeat', 1),
  })
}
