import { type Command, InvalidArgumentError } from 'commander'
import { taskSpecs, type TaskSpecInput } from '../../protocol/tasks.ts'
import { TaskFailure } from '../../tasks/task-failure.ts'
import { formatBytes } from '../format.ts'
import { addCommand, choice, decimal, examples, integer, list, pathAt, type Outcome } from '../options.ts'
import { runTaskHere } from '../run-task.ts'
import { type Session, UsageError } from '../session.ts'

export type Target = TaskSpecInput<'checkpoint.convert'>['target']

export const layouts: Target['layout'][] = ['hf', 'mcore', 'legacy', 'mindspore']

export interface TargetOptions {
  to?: Target['layout']
  tp?: number
  pp?: number
  vpStage?: number
  layerList?: number[]
  vocabDivisor?: number
  dtype?: 'fp32' | 'fp16' | 'bf16'
  check?: boolean
  strategy?: string
  workers?: number
}

export interface LoraOptions {
  alpha?: number | undefined
  rank?: number | undefined
  targets?: string[] | undefined
}

function layerCounts(text: string): number[] {
  const counts = list(text)
  if (!counts.every((count) => /^[1-9]\d*$/.test(count)))
    throw new InvalidArgumentError('Expected numbers like 10,12,10.')
  return counts.map(Number)
}

export const withTarget = (command: Command): Command =>
  command
    .option('--tp <size>', 'tensor parallel size, for mcore and legacy (default: 1)', integer(1))
    .option('--pp <size>', 'pipeline parallel size (default: 1)', integer(1))
    .option('--vp-stage <layers>', 'virtual pipeline: layers per virtual stage', integer(1))
    .option('--layer-list <a,b,...>', 'uneven pipeline stages: layers of each', layerCounts)
    .option('--vocab-divisor <n>', 'pad the vocabulary to a multiple of this times TP', integer(1))
    .option('--workers <n>', 'threads that write (default: one for each core, at most 4)', integer(1))
    .addOption(choice('--dtype <dtype>', 'cast the weights (default: keep)', ['fp32', 'fp16', 'bf16']))

export const withAdapters = (command: Command, prefix: string): Command =>
  command
    .option(`--${prefix}alpha <alpha>`, 'alpha that the adapters were trained with', decimal(0))
    .option(`--${prefix}rank <rank>`, 'rank to insist on (default: what the adapters have)', integer(1))
    .option(`--${prefix}targets <names>`, 'modules to merge (default: all that have adapters)', list)

/** `checkpoint convert`, with adapters or without. */
export function addConvertCommand(checkpoint: Command, outcome: Outcome): void {
  addCommand<TargetOptions & { lora?: string; loraAlpha?: number; loraRank?: number; loraTargets?: string[] }>(
    checkpoint,
    outcome,
    'convert <input> <output>',
    'rewrite a checkpoint into another layout; the source is recognised by itself',
    (command) =>
      examples(
        withAdapters(
          withTarget(command.addOption(choice('--to <layout>', 'layout of the output', layouts).makeOptionMandatory()))
            .option('--strategy <path>', 'strategy of an input of MindSpore ranks (default: one beside them)')
            .option('--check', 'say what is in the way of it, and write nothing')
            .option('--lora <checkpoint>', 'merge the adapters of this checkpoint'),
          'lora-',
        ),
        'awb checkpoint convert ./llama-2-7b-hf ./llama-2-7b-mcore --to mcore --tp 8 --pp 1',
        'awb checkpoint convert ./trained ./relaid --to legacy --tp 2 --pp 4 --layer-list 7,8,9,8',
        'awb checkpoint convert ./trained ./trained-hf --to hf',
        'awb checkpoint convert ./llama-2-7b-hf ./llama-2-7b-ms --to mindspore --dtype fp16',
        'awb checkpoint convert ./llama-2-70b-hf ./tp16 --to mcore --tp 16 --check',
      ),
    async (session, args, options) => {
      const { to = 'hf', lora, loraAlpha, loraRank, loraTargets } = options
      if (lora === undefined && (loraAlpha ?? loraRank ?? loraTargets) !== undefined) {
        throw new UsageError('--lora-alpha, --lora-rank and --lora-targets need --lora')
      }
      const adapters = { alpha: loraAlpha, rank: loraRank, targets: loraTargets }
      await runConvert(
        session,
        args,
        targetOf(to, options),
        options,
        lora === undefined ? {} : lorasOf(session, lora, adapters),
      )
    },
  )
}

export function targetOf(to: Target['layout'], options: TargetOptions): Target {
  const { tp, pp, vocabDivisor, vpStage: layersPerVirtualStage, layerList } = options
  if (to === 'mcore' || to === 'legacy') {
    return { layout: to, tp: tp ?? 1, pp: pp ?? 1, vocabDivisor, layersPerVirtualStage, layerList }
  }
  if ((tp ?? pp ?? vocabDivisor ?? layersPerVirtualStage ?? layerList) !== undefined) {
    throw new UsageError('--tp, --pp, --vp-stage, --layer-list and --vocab-divisor are for --to mcore and legacy only')
  }
  return { layout: to }
}

export function lorasOf(session: Session, path: string, { alpha, rank, targets }: LoraOptions): Pick<Spec, 'lora'> {
  if (alpha === undefined)
    throw new UsageError('adapters need the alpha that they were trained with (--alpha or --lora-alpha)')
  return { lora: { checkpoint: session.path(path), alpha, rank, targets } }
}

type Spec = TaskSpecInput<'checkpoint.convert'>

export async function runConvert(
  session: Session,
  args: string[],
  target: Target,
  { dtype, check, strategy, workers }: TargetOptions,
  lora: Pick<Spec, 'lora'>,
): Promise<void> {
  const spec = {
    input: pathAt(session, args, 0),
    output: pathAt(session, args, 1),
    target,
    ...(dtype === undefined ? {} : { dtype }),
    ...(strategy === undefined ? {} : { strategy: session.path(strategy) }),
    ...(workers === undefined ? {} : { workers }),
    ...lora,
  }
  await (check === true ? runCheck(session, spec) : runTaskHere(session, 'checkpoint.convert', spec))
}

/** Prints all findings; errors among them are a failure. */
async function runCheck(session: Session, spec: Spec): Promise<void> {
  const { checkConversion } = await import('../../checkpoint/check-conversion.ts')
  const { findings, bytes, freeBytes } = await checkConversion(taskSpecs['checkpoint.convert'].parse(spec))
  const lines = findings.map(({ level, text }) => `${level}: ${text[session.locale]}`)
  const size = bytes === null ? [] : [`${formatBytes(bytes)}, ${formatBytes(freeBytes)} free`]
  const errors = findings.filter(({ level }) => level === 'error')
  if (errors.length === 0) return session.result({ findings, bytes, freeBytes }, () => [...lines, ...size])
  if (!session.isJson) for (const line of lines) process.stdout.write(`${line}\n`)
  const params = { output: spec.output, count: errors.length }
  throw new TaskFailure('checkpoint.checkFailed', params, { findings, bytes, freeBytes })
}
