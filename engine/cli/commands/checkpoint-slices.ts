import type { Command } from 'commander'
import type { TaskSpecInput } from '../../protocol/tasks.ts'
import { addCommand, examples, pathAt, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import type { Session } from '../session.ts'

interface SliceOptions {
  strategy: string
  prefix?: string
  weightsOnly?: boolean
}

const withSlices = (command: Command, strategy: string): Command =>
  command
    .requiredOption('--strategy <path>', strategy)
    .option('--prefix <text>', 'files are rank_N/<text>N.ckpt (default: checkpoint_)')
    .option('--weights-only', 'leave out optimizer state, counters and the loss scale')

/** `checkpoint split` and `checkpoint merge`: MindSpore checkpoints, by strategy. */
export function addSliceCommands(checkpoint: Command, outcome: Outcome): void {
  addCommand<SliceOptions & { sourceStrategy?: string }>(
    checkpoint,
    outcome,
    'split <input> <output>',
    'spread a MindSpore checkpoint over devices, by strategy',
    (command) =>
      examples(
        withSlices(command, 'strategy of the devices: a file, or the folder of those of all stages').option(
          '--source-strategy <path>',
          'strategy of the input where it is spread already',
        ),
        'awb checkpoint split ./llama.ckpt ./sliced --strategy ./output/strategy',
        'awb checkpoint split ./4dev ./8dev --source-strategy ./4dev-strategy --strategy ./8dev-strategy',
      ),
    async (session, args, options) => {
      const { sourceStrategy } = options
      await runTaskHere(session, 'checkpoint.split', {
        ...slicesOf(session, args, options),
        ...(sourceStrategy === undefined ? {} : { sourceStrategy: session.path(sourceStrategy) }),
      })
    },
  )

  addCommand<SliceOptions>(
    checkpoint,
    outcome,
    'merge <input> <output>',
    'join the ranks of a MindSpore checkpoint',
    (command) =>
      examples(
        withSlices(command, 'strategy that was saved with the input: a file, or the folder of those of all stages'),
        'awb checkpoint merge ./output/checkpoint ./whole --strategy ./output/strategy --weights-only',
      ),
    async (session, args, options) => {
      await runTaskHere(session, 'checkpoint.merge', slicesOf(session, args, options))
    },
  )
}

const slicesOf = (
  session: Session,
  args: string[],
  { strategy, prefix, weightsOnly }: SliceOptions,
): TaskSpecInput<'checkpoint.merge'> => ({
  input: pathAt(session, args, 0),
  output: pathAt(session, args, 1),
  strategy: session.path(strategy),
  ...(prefix === undefined ? {} : { prefix }),
  weightsOnly: weightsOnly === true,
})
