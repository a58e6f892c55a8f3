import type { LogitsCheck, TensorDifference, VerifyResult } from '../protocol/checkpoint-tasks.ts'
import type { TaskSpec } from '../protocol/tasks.ts'
import type { Task, TaskContext } from '../tasks/context.ts'
import { TaskFailure } from '../tasks/task-failure.ts'
import { compareSources } from './compare.ts'
import { describeDifference } from './difference.ts'
import { openCheckpoint, type OpenCheckpoint } from './open.ts'
import { assertComplete, describe } from './tasks.ts'

/** Differences named in the log and the result; the count says how many there are. */
const LISTED = 10

/**
 * Proves that two checkpoints of any layouts hold the same tensors, and on request that they compute the same. What
 * differs is in the result of the failure, too.
 */
export const verifyCheckpoint: Task<TaskSpec<'checkpoint.verify'>> = async (spec, context) => {
  await using checkpoint = await openCheckpoint(spec.checkpoint, { strategy: spec.strategy })
  await using against = await openCheckpoint(spec.against, { strategy: spec.againstStrategy })
  context.log(`checkpoint: ${checkpoint.summary.path} (${describe(checkpoint)})`)
  context.log(`against:    ${against.summary.path} (${describe(against)})`)
  assertComplete(checkpoint)
  assertComplete(against)
  warnOfNumbers(checkpoint, against, context)
  const { tensors, bytes, cast, differences } = await compareSources(checkpoint, against, context, spec.workers)
  const described: TensorDifference[] = []
  for (const { tensor } of differences.slice(0, spec.listed ?? LISTED)) {
    described.push(await describeDifference(checkpoint, against, tensor, context.signal))
  }
  const result: VerifyResult = {
    equal: differences.length === 0,
    tensors,
    bytes,
    cast,
    differing: differences.length,
    differences: described,
  }
  const [first] = differences
  if (first === undefined) {
    const how = cast === 0 ? 'bit for bit' : `bit for bit, ${cast} of them after the cast of the wider side`
    context.log(`equal: ${tensors} tensors, ${(bytes / 1e6).toFixed(1)} MB, ${how}`)
  }
  for (const difference of described) context.log(`differs: ${difference.tensor}: ${inWords(difference)}`)
  if (differences.length > described.length) context.log(`... and ${differences.length - described.length} more`)
  const isSameModel = described.every(({ kind }) => kind === 'values')
  if (spec.logits !== undefined && isSameModel) await verifyLogits(checkpoint, against, spec.logits, result, context)
  if (first === undefined) return { ...result }
  throw new TaskFailure(
    'checkpoint.differs',
    {
      checkpoint: checkpoint.summary.path,
      against: against.summary.path,
      count: differences.length,
      tensor: first.tensor,
    },
    { ...result },
  )
}

function warnOfNumbers(checkpoint: OpenCheckpoint, against: OpenCheckpoint, context: TaskContext): void {
  for (const field of ['ropeTheta', 'normEpsilon'] as const) {
    const [ours, theirs] = [checkpoint.model[field], against.model[field]]
    if (ours !== theirs) context.log(`warning: ${field} is ${ours} here and ${theirs} there`)
  }
}

/** Adds the comparison to `result`. @throws TaskFailure `checkpoint.logitsDiffer` where tensors do not differ already */
async function verifyLogits(
  checkpoint: OpenCheckpoint,
  against: OpenCheckpoint,
  check: LogitsCheck,
  result: VerifyResult,
  context: TaskContext,
): Promise<void> {
  // The runtime is large; most verifications do without it.
  const { compareLogits } = await import('./logits.ts')
  const { prompts, tolerance } = await compareLogits(checkpoint, against, check, context)
  result.logits = prompts
  result.tolerance = tolerance
  for (const { prompt, tokens, maxAbsolute, maxRelative, topToken, againstTopToken } of prompts) {
    const top = topToken === againstTopToken ? `same next token ${topToken}` : `next ${topToken} and ${againstTopToken}`
    context.log(
      `logits: ${JSON.stringify(prompt)}: ${tokens} tokens, at most ${short(maxAbsolute)} apart ` +
        `(${short(maxRelative * 100)} %), ${top}`,
    )
  }
  const [worst] = [...prompts].sort((a, b) => b.maxAbsolute - a.maxAbsolute)
  if (worst === undefined || worst.maxAbsolute <= tolerance || !result.equal) return
  result.equal = false
  throw new TaskFailure(
    'checkpoint.logitsDiffer',
    {
      checkpoint: checkpoint.summary.path,
      against: against.summary.path,
      prompt: worst.prompt,
      difference: short(worst.maxAbsolute),
      tolerance: short(tolerance),
    },
    { ...result },
  )
}

const short = (value: number): string => String(Number(value.toPrecision(3)))

function inWords({ kind, shape, againstShape, elements, total, largest, first }: TensorDifference): string {
  switch (kind) {
    case 'missing':
      return 'missing in the checkpoint'
    case 'unexpected':
      return 'missing in the one it is compared with'
    case 'shape':
      return `shape [${shape?.join(', ') ?? ''}] against [${againstShape?.join(', ') ?? ''}]`
    case 'values': {
      const place =
        first === undefined ? '' : `, first [${first.index.join(', ')}]: ${first.value} and ${first.against}`
      return `${elements ?? 0} of ${total ?? 0} elements differ, by up to ${short(largest ?? 0)}${place}`
    }
  }
}
