import type { Command } from 'commander'
import type { CheckpointSummary, TensorInfo, TensorStatistics } from '../../protocol/checkpoints.ts'
import { TaskFailure } from '../../tasks/task-failure.ts'
import { formatBytes } from '../format.ts'
import { addCommand, examples, pathAt, type Outcome } from '../options.ts'
import { runHere } from '../run-task.ts'
import type { Session } from '../session.ts'

type Inspected = CheckpointSummary & { readonly tensors?: (TensorInfo & { readonly statistics?: TensorStatistics })[] }

/** `checkpoint inspect`: exit status 0 only for a checkpoint that matches its configuration. */
export function addInspectCommand(checkpoint: Command, outcome: Outcome): void {
  addCommand<{ tensors?: boolean; statistics?: string | true; strategy?: string }>(
    checkpoint,
    outcome,
    'inspect <checkpoint>',
    'layout, shape, size and problems of a checkpoint; exit status 1 where it does not match its configuration',
    (command) =>
      examples(
        command
          .option('--strategy <path>', 'strategy of ranks of MindSpore (default: one beside them)')
          .option('--tensors', 'list every tensor too')
          .option(
            '--statistics [name]',
            'extremes, mean, NaN and a histogram of the tensors of this name (* is any text)',
          ),
        'awb checkpoint inspect ./llama-2-7b-mcore --tensors',
        'awb checkpoint inspect ./trained --statistics "*.linear_qkv.weight"',
      ),
    async (session, args, { tensors, statistics, ...options }) => {
      const path = pathAt(session, args, 0)
      const strategy = options.strategy === undefined ? undefined : session.path(options.strategy)
      await runHere(
        session,
        async (context) => {
          const { inspectCheckpoint, inspectStatistics, summarizeCheckpoint } =
            await import('../../checkpoint/inspect.ts')
          const inspected =
            statistics !== undefined
              ? await inspectStatistics(path, statistics === true ? '*' : statistics, context, strategy)
              : tensors === true
                ? await inspectCheckpoint(path, strategy)
                : await summarizeCheckpoint(path, strategy)
          failWhereWrong(inspected, session)
          return inspected
        },
        (result) => describeCheckpoint(result as Inspected, session),
      )
    },
  )
}

/** Everything is printed all the same; the exit status tells scripts. */
function failWhereWrong(inspected: Inspected, session: Session): void {
  const [first, ...others] = inspected.problems.filter(({ level }) => level === 'error')
  if (first === undefined) return
  if (!session.isJson) for (const line of describeCheckpoint(inspected, session)) process.stdout.write(`${line}\n`)
  const params = { path: inspected.path, count: others.length + 1, problem: first.text[session.locale] }
  throw new TaskFailure('checkpoint.incomplete', params, { ...inspected })
}

/** Problems first: whoever has some needs nothing else. */
function describeCheckpoint(summary: Inspected, session: Session): string[] {
  const { model, layout, tp, pp, vpp, dtype, tensorCount, totalBytes, tokenizer, problems, tensors } = summary
  const parallel = `TP ${tp}, PP ${pp}${vpp > 1 ? `, VPP ${vpp}` : ''}`
  return [
    ...problems.map(({ level, text }) => `${level}: ${text[session.locale]}`),
    summary.path,
    `${layout}, ${parallel}, ${dtype}, ${tensorCount} tensors, ${formatBytes(totalBytes)}`,
    `${model.family}: ${model.layers} layers, hidden ${model.hidden}, ${model.heads} heads, ${model.kvGroups} KV groups, FFN ${model.ffn}, vocabulary ${model.vocab}`,
    ...(tokenizer ? [`${session.text('Tokenizer', '分词器')}: ${tokenizer.path}`] : []),
    ...(tensors ?? []).flatMap(({ statistics, ...tensor }) => [
      `${tensor.name}  [${tensor.shape.join(', ')}]  ${tensor.dtype}  ${formatBytes(tensor.bytes)}  ${tensor.file} @ ${tensor.offset}`,
      ...(statistics === undefined ? [] : describeStatistics(statistics)),
    ]),
  ]
}

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

function describeStatistics(statistics: TensorStatistics): string[] {
  const { nan, positiveInfinity, negativeInfinity, zeros, min, max, mean, deviation, histogram } = statistics
  const number = (value: number | null): string => (value === null ? '-' : String(Number(value.toPrecision(6))))
  const tallest = Math.max(...histogram.map(({ count }) => count))
  const line = histogram
    .map(({ count }) =>
      count === 0 ? ' ' : bars[Math.min(bars.length - 1, Math.floor((count / tallest) * bars.length))],
    )
    .join('')
  return [
    `    min ${number(min)}  max ${number(max)}  mean ${number(mean)}  deviation ${number(deviation)}  zeros ${zeros}  ` +
      `NaN ${nan}  +Inf ${positiveInfinity}  -Inf ${negativeInfinity}`,
    ...(histogram.length === 0 ? [] : [`    ${number(min)} |${line}| ${number(max)}`]),
  ]
}
