import { openCheckpoint, type OpenCheckpoint } from '../../checkpoint/open.ts'
import { originOf } from '../../checkpoint/origin.ts'
import { writeCheckpoint } from '../../checkpoint/write.ts'
import { assertVacant } from '../../checkpoint/writing/atomic-folder.ts'
import type { WriteTarget } from '../../checkpoint/writing/target.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { CheckpointPassport } from '../../protocol/passport.ts'
import type { TaskSpec } from '../../protocol/tasks.ts'
import type { Task, TaskContext } from '../../tasks/context.ts'
import { assertModelSize, MAX_TRAINING_PARAMETERS } from '../model/limits.ts'
import { BatchOrder } from './batches.ts'
import { assertComplete, assertTokenizerMatches } from './checks.ts'
import { iterationLine } from './iteration-line.ts'
import { trainedModel } from './result.ts'
import { ResumePoints, type RunState } from './resume.ts'
import { inputLength } from './sample.ts'
import { TrainingSamples } from './samples.ts'
import { learningRateAt } from './schedule.ts'
import { Trainer } from './trainer.ts'

type Spec = TaskSpec<'reference.train'>

/** Trains a checkpoint on an instruction dataset; see the fields of the spec. */
export const trainReference: Task<Spec> = async (spec, context) => {
  await assertVacant(spec.output)
  if (spec.method === 'lora' && spec.lora === undefined) {
    throw new AppError('input.invalid', { subject: 'lora', reason: 'the method lora needs rank, alpha and targets' })
  }
  await using checkpoint = await openCheckpoint(spec.checkpoint)
  const { summary, model } = checkpoint
  assertComplete(summary)
  assertModelSize(model, MAX_TRAINING_PARAMETERS, summary.path)
  if (spec.seqLength > model.maxPositions) {
    throw new AppError('train.sequenceTooLong', {
      seqLength: spec.seqLength,
      checkpoint: summary.path,
      limit: model.maxPositions,
    })
  }
  await using samples = await TrainingSamples.open(spec.dataset, model.vocab, spec.seqLength)
  await assertTokenizerMatches(spec.dataset, samples.passport, summary)
  const longest = Math.min(spec.seqLength, samples.passport?.lengths.max ?? spec.seqLength)
  const lora = spec.method === 'lora' ? spec.lora : undefined
  await using trainer = await Trainer.create(checkpoint, { lora, optimizer: spec, seed: spec.seed, longest })
  const points = new ResumePoints(`${spec.output}.awb-resume`)
  const state = await runSteps(spec, context, checkpoint, samples, trainer, points)
  const passport = await writeResult(spec, context, checkpoint, trainer, state).catch(async (error: unknown) => {
    // The steps are done: another start has only the writing left. On a full disk that may not work either.
    await points.save(trainer, state).catch((reason: unknown) => context.log(`no resume point: ${String(reason)}`))
    throw error
  })
  await points.remove()
  context.log(`wrote ${spec.output} (${passport.layout}, ${passport.dtype})`)
  context.artifact({ kind: 'checkpoint', path: spec.output, passport })
  return { output: spec.output, steps: spec.steps, firstLoss: state.firstLoss, finalLoss: state.lastLoss, passport }
}

/** Writes the trained model as the source was: layout, TP, PP, padding, dtype, tokenizer. */
async function writeResult(
  spec: Spec,
  context: TaskContext,
  checkpoint: OpenCheckpoint,
  trainer: Trainer,
  state: RunState,
): Promise<CheckpointPassport> {
  const { summary, model } = checkpoint
  const { method, steps, dataset, output } = spec
  return await writeCheckpoint({
    source: trainedModel(trainer, model, method === 'lora' ? spec.lora : undefined),
    output,
    target: targetLike(checkpoint),
    dtype: summary.dtype,
    assetsFrom: summary.path,
    origin: await originOf(summary),
    training: { method, steps, finalLoss: state.lastLoss, dataset },
    // Its progress would follow that of the steps: it is short, and counts in bytes.
    context: { signal: context.signal, log: (line) => context.log(line), progress: () => undefined },
  })
}

/** All steps that are left, with a resume point at every interval and on stop. */
async function runSteps(
  spec: Spec,
  context: TaskContext,
  checkpoint: OpenCheckpoint,
  samples: TrainingSamples,
  trainer: Trainer,
  points: ResumePoints,
): Promise<RunState> {
  const identity = identityOf(spec, checkpoint, samples)
  const order = new BatchOrder(spec.seed, samples.count, spec.batchSize)
  let state = await resume(identity, trainer, points, context)
  let savedStep = state?.step
  for (let step = (state?.step ?? 0) + 1; step <= spec.steps; step++) {
    if (context.signal.aborted) {
      if (state && state.step !== savedStep) await points.save(trainer, state)
      throw new AppError('cancelled')
    }
    state = await runStep(spec, context, samples, trainer, order, step, state, identity)
    if (step % spec.saveInterval === 0 && step < spec.steps) {
      await points.save(trainer, state)
      savedStep = step
    }
  }
  if (state === undefined) throw new RangeError('A training has at least one step')
  return state
}

async function runStep(
  spec: Spec,
  context: TaskContext,
  samples: TrainingSamples,
  trainer: Trainer,
  order: BatchOrder,
  step: number,
  before: RunState | undefined,
  identity: string,
): Promise<RunState> {
  const startedAt = performance.now()
  const learningRate = learningRateAt(step, spec)
  const batch = await samples.usable(order.indices(step))
  if (batch.length === 0) throw new AppError('train.noTargets', { dataset: spec.dataset, seqLength: spec.seqLength })
  const { loss, gradNorm } = await trainer.step(step, batch, learningRate)
  const milliseconds = performance.now() - startedAt
  if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
    throw new AppError('train.diverged', { step, learningRate: spec.learningRate })
  }
  const tokens = batch.reduce((sum, sample) => sum + inputLength(sample), 0)
  const { steps, batchSize } = spec
  const consumedSamples = step * batchSize
  context.log(
    iterationLine({ step, steps, consumedSamples, milliseconds, learningRate, batchSize, loss, gradNorm }, new Date()),
  )
  const tokensPerSecond = (tokens * 1000) / milliseconds
  context.metric(step, { loss, learningRate, gradNorm, tokensPerSecond, iterationMs: milliseconds })
  context.progress({ done: step, total: steps, unit: 'steps' })
  return { format: 1, identity, step, firstLoss: before?.firstLoss ?? loss, lastLoss: loss }
}

/** Goes on from the last resume point of the same run. Points of other settings are of no use to it. */
async function resume(
  identity: string,
  trainer: Trainer,
  points: ResumePoints,
  context: TaskContext,
): Promise<RunState | undefined> {
  const state = await points.latest()
  if (state === undefined) return undefined
  if (state.identity !== identity) {
    context.log(`starting anew: the resume point at step ${state.step} belongs to other settings`)
    await points.remove()
    return undefined
  }
  await points.restore(trainer, state.step)
  context.log(`resuming after step ${state.step}`)
  return state
}

/** Everything that decides about the result; how often it is saved does not. */
function identityOf({ saveInterval: _, ...spec }: Spec, { summary }: OpenCheckpoint, samples: TrainingSamples): string {
  return JSON.stringify({
    spec,
    checkpoint: [summary.totalBytes, summary.passport?.createdAt ?? null],
    dataset: [samples.count, samples.passport?.createdAt ?? null],
  })
}

/** The layout of the source, with its padding of the vocabulary. */
function targetLike({ summary, stored }: OpenCheckpoint): WriteTarget {
  if (summary.layout !== 'mcore') return { layout: 'hf' }
  const { tp, pp, model } = summary
  const embedding = stored.find(({ name }) => name.endsWith('word_embeddings.weight'))
  const rows = embedding?.shape[0] ?? Math.ceil(model.vocab / tp)
  return { layout: 'mcore', tp, pp, vocabDivisor: rows * tp === Math.ceil(model.vocab / tp) * tp ? 1 : rows }
}
