import { resolve } from 'node:path'
import { expandPath } from '../host/dirs.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { TaskSpec } from '../protocol/tasks.ts'
import type { Task } from '../tasks/context.ts'
import type { TensorSource } from './checkpoint.ts'
import { knownFamilies } from './layouts/families/installed.ts'
import { mergeAdapters } from './lora/apply.ts'
import { openCheckpoint, type OpenCheckpoint } from './open.ts'
import { originOf } from './origin.ts'
import { conversionErrors } from './preflight.ts'
import { cutVocabulary } from './sources/cast.ts'
import { reportOverflows, writeCheckpoint } from './write.ts'

/** @throws AppError `checkpoint.incomplete` when a checkpoint does not match its own configuration */
export function assertComplete({ summary }: OpenCheckpoint): void {
  const errors = summary.problems.filter(({ level }) => level === 'error')
  const [first] = errors
  if (first === undefined) return
  throw new AppError('checkpoint.incomplete', { path: summary.path, count: errors.length, problem: first.text.en })
}

/** Rewrites a checkpoint into another layout, parallel size or dtype, with adapters merged in where asked. */
export const convertCheckpoint: Task<TaskSpec<'checkpoint.convert'>> = async (spec, context) => {
  const { target, lora } = spec
  const keepPadding = 'tp' in target && target.vocabDivisor === undefined
  const adapters = lora === undefined ? undefined : { path: expandPath(lora.checkpoint), targets: lora.targets }
  await using opened = await openCheckpoint(spec.input, { keepPadding, lora: adapters, strategy: spec.strategy })
  const { summary, megatron } = opened
  const output = resolve(spec.output)
  context.log(`source: ${summary.path} (${describe(opened)})`)
  for (const { level, text } of summary.problems) context.log(`${level}: ${text.en}`)
  assertComplete(opened)
  const overflows = new Map<string, number>()
  let source: TensorSource = opened
  if (lora !== undefined && adapters !== undefined) {
    const settings = { path: adapters.path, alpha: lora.alpha, rank: lora.rank }
    source = mergeAdapters(opened, settings, summary.dtype, overflows, context)
  }
  const trueVocab = megatron?.trueVocab ?? source.model.vocab
  if ('tp' in target && source.model.vocab % target.tp !== 0 && trueVocab < source.model.vocab) {
    context.log(
      `the vocabulary of ${trueVocab} rows is padded anew: TP ${target.tp} does not divide ${source.model.vocab}`,
    )
    source = cutVocabulary(source, trueVocab)
  }
  const dtype = spec.dtype ?? summary.dtype
  const family = (await knownFamilies()).get(source.model.family)
  const errors = conversionErrors({ model: source.model, family, target, from: summary.dtype, to: dtype })
  // All of them are worth knowing before the next attempt; the first one is the failure.
  for (const error of errors.slice(1)) context.log(`error: ${error.message}`)
  if (errors[0] !== undefined) throw errors[0]
  const startedAt = performance.now()
  const passport = await writeCheckpoint({
    source,
    output,
    target,
    dtype,
    iteration: megatron?.iteration,
    trueVocab,
    threads: spec.workers,
    assetsFrom: summary.path,
    origin: await originOf(summary),
    context,
    beforePublish: async () => {
      reportOverflows(overflows, context)
      await opened.assertUnchanged()
    },
  })
  const seconds = (performance.now() - startedAt) / 1000
  const megabytes = passport.totalBytes / 1e6
  context.log(
    `wrote ${passport.tensorCount} tensors, ${megabytes.toFixed(1)} MB in ${seconds.toFixed(1)} s ` +
      `(${(megabytes / Math.max(seconds, 0.001)).toFixed(0)} MB/s) to ${output}`,
  )
  context.artifact({ kind: 'checkpoint', path: output, passport })
  return { output, passport }
}

/** Layout, parallel sizes, dtype and tensors in one line of the log. */
export function describe({ summary }: OpenCheckpoint): string {
  const { layout, tp, pp, vpp, dtype, tensorCount } = summary
  const parallel =
    layout === 'hf' || layout === 'mindspore' ? '' : `, TP ${tp}, PP ${pp}${vpp > 1 ? `, VPP ${vpp}` : ''}`
  return `${layout}${parallel}, ${dtype}, ${tensorCount} tensors`
}
