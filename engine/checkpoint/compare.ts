import { AppError, fromCodedError, toCodedError } from '../protocol/errors/index.ts'
import type { TaskContext } from '../tasks/context.ts'
import { ThreadPool } from '../workers/pool.ts'
import type { CanonicalTensor, TensorSource } from './checkpoint.ts'
import { bytesOf, TensorComparison } from './compare-tensor.ts'
import type { CompareReply, CompareRequest, CompareSetup } from './compare-thread.ts'
import { elementCount } from './formats/dtypes.ts'
import { RecipeBook } from './sources/recipe.ts'
import { SharedProgress } from './sources/shared-progress.ts'
import { threadLimits, threadsFor } from './sources/threads-for.ts'

/** One tensor that is not the same on both sides, in words. */
export interface Difference {
  readonly tensor: string
  readonly detail: string
}

export interface Comparison {
  readonly tensors: number
  readonly bytes: number
  /** How many tensors were compared after a cast. */
  readonly cast: number
  readonly differences: readonly Difference[]
}

type Context = Pick<TaskContext, 'signal' | 'progress'>

/**
 * Compares all canonical tensors of two sources, bit by bit, streaming, in threads where they are large. Where dtypes
 * differ, the wider side is cast into the dtype of the narrower one; between fp16 and bf16 the second source into that
 * of the first.
 *
 * @param threads default: one for each core, at most four, and none of their own for small models
 */
export async function compareSources(
  checkpoint: TensorSource,
  against: TensorSource,
  context: Context,
  threads?: number,
): Promise<Comparison> {
  const names = [...new Set([...against.tensors.keys(), ...checkpoint.tensors.keys()])]
  const total = names.reduce((sum, name) => sum + bytesOf(checkpoint.tensors.get(name)), 0)
  const details = new Map<string, string>()
  const comparable: CanonicalTensor[] = []
  for (const name of names) {
    const ours = checkpoint.tensors.get(name)
    const detail = describeMismatch(ours, against.tensors.get(name))
    if (detail !== undefined) details.set(name, detail)
    else if (ours !== undefined) comparable.push(ours)
  }
  const counts = await countAll(checkpoint, against, comparable, {
    context,
    total,
    threads: threadsFor(total, threads),
  })
  for (const { name, shape } of comparable) {
    const count = counts.get(name) ?? 0
    if (count > 0) details.set(name, `${count} of ${elementCount(shape)} elements differ`)
  }
  return {
    tensors: names.length,
    bytes: comparable.reduce((sum, tensor) => sum + bytesOf(tensor), 0),
    cast: comparable.filter(({ name, dtype }) => against.tensors.get(name)?.dtype !== dtype).length,
    differences: names.flatMap((tensor) => {
      const detail = details.get(tensor)
      return detail === undefined ? [] : [{ tensor, detail }]
    }),
  }
}

function describeMismatch(ours: CanonicalTensor | undefined, theirs: CanonicalTensor | undefined): string | undefined {
  if (ours === undefined) return 'missing in the checkpoint'
  if (theirs === undefined) return 'missing in the one it is compared with'
  const isSame = ours.shape.length === theirs.shape.length && ours.shape.every((size, i) => size === theirs.shape[i])
  return isSame ? undefined : `shape [${ours.shape.join(', ')}] against [${theirs.shape.join(', ')}]`
}

interface Counting {
  readonly context: Context
  readonly total: number
  readonly threads: number
}

/** How many elements differ, by tensor. */
async function countAll(
  checkpoint: TensorSource,
  against: TensorSource,
  tensors: readonly CanonicalTensor[],
  { context, total, threads }: Counting,
): Promise<Map<string, number>> {
  const book = new RecipeBook()
  const recipes = threads > 1 ? [checkpoint.recipe?.(book), against.recipe?.(book)] : []
  const [ours, theirs] = recipes
  const counts = new Map<string, number>()
  if (ours === undefined || theirs === undefined) {
    const comparison = new TensorComparison(checkpoint, against, context, total)
    for (const { name } of tensors) counts.set(name, await comparison.count(name))
    return counts
  }
  using progress = new SharedProgress(total, context)
  const setup: CompareSetup = { checkpoint: ours, against: theirs, files: book.files(), shared: progress.shared }
  const pool = new ThreadPool<CompareRequest, CompareReply>('checkpoint-compare', threads, setup, threadLimits)
  let failure: unknown
  const count = async ({ name }: CanonicalTensor): Promise<void> => {
    try {
      counts.set(name, (await pool.run({ tensor: name })).count)
    } catch (error) {
      failure ??= error
      progress.stop()
    }
  }
  try {
    await Promise.all(tensors.map(count))
  } finally {
    await pool.close()
  }
  if (context.signal.aborted) throw new AppError('cancelled')
  if (failure !== undefined) throw fromCodedError(toCodedError(failure))
  return counts
}
