import type { Command } from 'commander'
import { stat } from 'node:fs/promises'
import { parseFlags } from '../drop-in-flags.ts'
import { addCommand, examples, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'
import { pathFlag, wholeFlag } from './mindrecord.ts'

const flagNames = { values: ['script', 'input_file', 'output_file', 'mode', 'max_length', 'tokenizer_type'] }

/** `awb squad_data_process.py`: SQuAD for Llama2. */
export function addSquadDataProcessCommand(program: Command, outcome: Outcome): void {
  addCommand(
    program,
    outcome,
    'squad_data_process.py [arguments...]',
    "MindFormers' script: SQuAD to MindRecord for Llama2",
    (command) =>
      examples(
        command.allowUnknownOption(),
        'awb squad_data_process.py --input_file ./squad/train-v1.1.json --output_file ./squad/train.mindrecord ' +
          '--mode train --max_length 2048 --tokenizer_type ./llama-2-7b/tokenizer.model',
      ),
    (session, args) => processSquad(session, args),
  )
}

async function processSquad(session: Session, args: string[]): Promise<void> {
  const flags = parseFlags(args, flagNames)
  const mode = flags.get('mode') ?? 'train'
  if (mode !== 'train' && mode !== 'eval') throw new UsageError(`--mode is train or eval, not ${mode}`)
  const type = flags.get('tokenizer_type') ?? 'llama_7b'
  const tokenizer = session.path(type)
  if ((await stat(tokenizer).catch(() => null)) === null) {
    throw new UsageError(`--tokenizer_type names no file here: ${type}. Give the path of the model's tokenizer.model`)
  }
  await runTaskHere(session, 'dataset.mindrecord', {
    handler: 'squad',
    input: pathFlag(session, flags, 'input_file', './squad/train-v1.1.json'),
    output: pathFlag(session, flags, 'output_file', './squad/recode_train.mindrecord'),
    tokenizer,
    seqLength: wholeFlag(flags, 'max_length', 2048),
    mode,
  })
}
