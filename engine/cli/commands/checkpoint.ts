import type { Command } from 'commander'
import { AppError } from '../../protocol/errors/index.ts'
import { addCommand, pathAt, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import { addConvertCommand } from './checkpoint-convert.ts'
import { addInspectCommand } from './checkpoint-inspect.ts'
import { addMergeLoraCommand } from './checkpoint-merge-lora.ts'
import { addSliceCommands } from './checkpoint-slices.ts'
import { addVerifyCommand } from './checkpoint-verify.ts'
import { addDownloadCommand } from './hub-download.ts'
import { addTransformCommands } from './transform-ckpt.ts'

export { pathAt } from '../options.ts'

export function addCheckpointCommands(program: Command, outcome: Outcome): void {
  const checkpoint = program.command('checkpoint').description('create, convert, inspect and verify checkpoints')

  addCommand<{ definition?: string }>(
    checkpoint,
    outcome,
    'create <output>',
    'write the tiny sample model as a Hugging Face checkpoint',
    (command) => command.option('--definition <folder>', 'folder with model.json and tokenizer (default: the sample)'),
    async (session, args, { definition }) => {
      const { sampleDir } = await import('../../host/dirs.ts')
      const folder = definition === undefined ? sampleDir() : session.path(definition)
      if (folder === null) throw new AppError('file.missing', { path: 'resources/sample' })
      await runTaskHere(session, 'checkpoint.create', { definition: folder, output: pathAt(session, args, 0) })
    },
  )

  addDownloadCommand(checkpoint, outcome, 'model')
  addConvertCommand(checkpoint, outcome)
  addMergeLoraCommand(checkpoint, outcome)
  addSliceCommands(checkpoint, outcome)
  addTransformCommands(program, outcome)

  addInspectCommand(checkpoint, outcome)
  addVerifyCommand(checkpoint, outcome)
}
