import { type Command, InvalidArgumentError } from 'commander'
import { addCommand, examples, integer, list, type Outcome, pathAt } from '../options.ts'
import { runTaskHere } from '../run-task.ts'

const STRICT = ['--strict', 'fail at the first row that cannot be read instead of setting it aside'] as const
const SEED = ['--seed <n>', 'the same seed gives the same rows', integer(0), 1234] as const

interface Part {
  name: string
  share: number
}

/** `awb dataset sample|split|deduplicate`: rows of raw files to JSON lines. */
export function addDatasetOperations(dataset: Command, outcome: Outcome): void {
  addCommand<{ rows: number; seed: number; strict?: boolean }>(
    dataset,
    outcome,
    'sample <input> <output.jsonl>',
    'take some rows of a raw file or folder, chosen by a seed',
    (command) =>
      examples(
        command
          .requiredOption('--rows <n>', 'how many', integer(1))
          .option(...SEED)
          .option(...STRICT),
        'awb dataset sample ./alpaca.parquet ./alpaca-1000.jsonl --rows 1000',
      ),
    (session, args, { rows, seed, strict = false }) =>
      runTaskHere(session, 'dataset.sample', {
        input: pathAt(session, args, 0),
        output: pathAt(session, args, 1),
        rows,
        seed,
        strict,
      }),
  )

  addCommand<{ parts: Part[]; seed: number; strict?: boolean }>(
    dataset,
    outcome,
    'split <input> <output-prefix>',
    'divide the rows of a raw file or folder by shares; writes <output-prefix>.<part>.jsonl',
    (command) =>
      examples(
        command
          .requiredOption('--parts <shares>', 'names and shares: train=0.9,valid=0.1', partsOf)
          .option(...SEED)
          .option(...STRICT),
        'awb dataset split ./alpaca.json ./data/alpaca --parts train=0.95,valid=0.05',
      ),
    (session, args, { parts, seed, strict = false }) =>
      runTaskHere(session, 'dataset.split', {
        input: pathAt(session, args, 0),
        outputPrefix: pathAt(session, args, 1),
        parts,
        seed,
        strict,
      }),
  )

  addCommand<{ columns?: string[]; strict?: boolean }>(
    dataset,
    outcome,
    'deduplicate <input> <output.jsonl>',
    'keep the first of rows that are equal',
    (command) =>
      examples(
        command.option('--columns <names>', 'what makes rows equal (default: all columns)', list).option(...STRICT),
        'awb dataset deduplicate ./raw ./unique.jsonl --columns instruction,input',
      ),
    (session, args, { columns, strict = false }) =>
      runTaskHere(session, 'dataset.deduplicate', {
        input: pathAt(session, args, 0),
        output: pathAt(session, args, 1),
        ...(columns === undefined ? {} : { columns }),
        strict,
      }),
  )
}

function partsOf(text: string): Part[] {
  return list(text).map((part) => {
    const [name = '', share = ''] = part.split('=')
    if (name === '' || !(Number(share) > 0)) {
      throw new InvalidArgumentError('Expected names with shares above zero, such as train=0.9,valid=0.1.')
    }
    return { name, share: Number(share) }
  })
}
