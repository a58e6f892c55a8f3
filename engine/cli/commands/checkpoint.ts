import type { Command } from 'commander'
import { AppError } from '../../protocol/errors/index.ts'
import type { CheckpointSummary } from '../../protocol/checkpoints.ts'
import { formatBytes } from '../format.ts'
import { addCommand, pathAt, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import type { Session } from '../session.ts'
import { addConvertCommands } from './checkpoint-convert.ts'
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
  addConvertCommands(checkpoint, outcome)
  addSliceCommands(checkpoint, outcome)
  addTransformCommands(program, outcome)

  addCommand<{ tensors?: boolean }>(
    checkpoint,
    outcome,
    'inspect <checkpoint>',
    'layout, shape, size and problems of a checkpoint',
    (command) => command.option('--tensors', 'list every tensor too'),
    async (session, args, { tensors }) => {
      const { inspectCheckpoint, summarizeCheckpoint } = await import('../../checkpoint/inspect.ts')
      const path = pathAt(session, args, 0)
      if (!tensors) {
        const summary = await summarizeCheckpoint(path)
        session.result(summary, () => describeCheckpoint(summary, session))
        return
      }
      const inspected = await inspectCheckpoint(path)
      session.result(inspected, () => [
        ...describeCheckpoint(inspected, session),
        ...inspected.tensors.map(
          ({ name, shape, dtype, bytes, file }) =>
            `${name}  [${shape.join(', ')}]  ${dtype}  ${formatBytes(bytes)}  ${file}`,
        ),
      ])
    },
  )

  addVerifyCommand(checkpoint, outcome)
}

function describeCheckpoint(summary: CheckpointSummary, session: Session): string[] {
  const { model } = summary
  return [
    summary.path,
    `${summary.layout}, TP ${summary.tp}, PP ${summary.pp}${summary.vpp > 1 ? `, VPP ${summary.vpp}` : ''}, ${summary.dtype}, ${summary.tensorCount} tensors, ${formatBytes(summary.totalBytes)}`,
    `${model.family}: ${model.layers} layers, hidden ${model.hidden}, ${model.heads} heads, ${model.kvGroups} KV groups, FFN ${model.ffn}, vocabulary ${model.vocab}`,
    ...(summary.tokenizer ? [`${session.text('Tokenizer', '分词器')}: ${summary.tokenizer.path}`] : []),
    ...summary.problems.map(({ level, text }) => `${level}: ${text[session.locale]}`),
  ]
}
