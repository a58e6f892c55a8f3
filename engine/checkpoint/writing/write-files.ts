import { AppError, fromCodedError, toCodedError } from '../../protocol/errors/index.ts'
import type { Dtype } from '../../protocol/passport.ts'
import { ThreadPool } from '../../workers/pool.ts'
import type { TensorSource } from '../checkpoint.ts'
import { RecipeBook, type SourceRecipe } from '../sources/recipe.ts'
import { SharedProgress } from '../sources/shared-progress.ts'
import { threadLimits, threadsFor } from '../sources/threads-for.ts'
import { GroupWriter, type FileGroup } from './file-job.ts'
import type { FileDigest } from '../../host/writing/file-sink.ts'
import { TensorStream, type WriteContext } from './tensor-stream.ts'
import type { WriteReply, WriteRequest, WriteSetup } from './write-thread.ts'

/** Groups are cut until there are at most this many pieces of work for a thread. */
const MOST_PIECES = 4

export interface FilesToWrite {
  readonly folder: string
  readonly groups: readonly (() => FileGroup)[]
  readonly source: TensorSource
  readonly dtype: Dtype
  readonly totalBytes: number
  /** Default: one for each core, at most four; none where the model is small. */
  readonly threads?: number | undefined
  readonly context?: WriteContext | undefined
}

export interface FilesWritten {
  readonly digests: Map<string, FileDigest>
  /** Finite values that became infinite, by canonical name. */
  readonly overflows: ReadonlyMap<string, number>
}

/**
 * Writes files of weights, in threads where the source can be made in another one. The bytes do not depend on how many.
 *
 * @throws AppError `file.full`, `file.denied`, `cancelled`, and those of reading the source
 */
export async function writeFiles(files: FilesToWrite): Promise<FilesWritten> {
  const threads = threadsFor(files.totalBytes, files.threads)
  const book = new RecipeBook()
  const recipe = threads > 1 ? files.source.recipe?.(book) : undefined
  return recipe === undefined ? writeHere(files) : writeInThreads(files, recipe, book, threads)
}

async function writeHere({ folder, groups, source, dtype, totalBytes, context }: FilesToWrite): Promise<FilesWritten> {
  const stream = new TensorStream(source, dtype, totalBytes, context)
  const writer = new GroupWriter(folder, stream)
  const digests = new Map<string, FileDigest>()
  for (const group of groups) {
    for (const [path, digest] of await writer.write(group())) digests.set(path, digest)
  }
  return { digests, overflows: stream.overflows }
}

async function writeInThreads(
  { folder, groups, dtype, totalBytes, context }: FilesToWrite,
  recipe: SourceRecipe,
  book: RecipeBook,
  threads: number,
): Promise<FilesWritten> {
  const work = pieces(groups, threads)
  using progress = new SharedProgress(totalBytes, context)
  const isHashingApart = work.length * 2 <= threads && (work[0]?.().length ?? 0) === 1
  const setup: WriteSetup = { recipe, files: book.files(), dtype, folder, shared: progress.shared, isHashingApart }
  const count = Math.min(threads, work.length)
  const pool = new ThreadPool<WriteRequest, WriteReply>('checkpoint-write', count, setup, threadLimits)
  const overflows = new Map<string, number>()
  const written = new Map<number, readonly [string, FileDigest][]>()
  let next = 0
  let failure: unknown
  const run = async (): Promise<void> => {
    while (next < work.length && failure === undefined) {
      const index = next++
      try {
        const reply = await pool.run({ group: (work[index] as () => FileGroup)() })
        written.set(index, reply.digests)
        book.add(reply.counted)
        for (const [name, count] of reply.overflows) overflows.set(name, (overflows.get(name) ?? 0) + count)
      } catch (error) {
        failure ??= error
        progress.stop()
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: pool.size }, run))
  } finally {
    await pool.close()
  }
  if (context?.signal.aborted === true) throw new AppError('cancelled')
  if (failure !== undefined) throw fromCodedError(toCodedError(failure))
  const inOrder = [...written].sort(([a], [b]) => a - b).flatMap(([, digests]) => digests)
  return { digests: new Map(inOrder), overflows }
}

/**
 * Groups that are few are cut, so that no thread is idle for long. What a group reads once its parts read once each, so
 * they are cut no further than that.
 */
export function pieces(groups: readonly (() => FileGroup)[], threads: number): readonly (() => FileGroup)[] {
  const size = groups[0]?.().length ?? 0
  let cuts = 1
  while (cuts < size && (groups.length * cuts) % threads !== 0 && groups.length * cuts < threads * MOST_PIECES) cuts++
  if (cuts === 1) return groups
  return groups.flatMap((group) =>
    Array.from({ length: cuts }, (_, cut) => (): FileGroup => {
      const files = group()
      return files.slice(Math.floor((files.length * cut) / cuts), Math.floor((files.length * (cut + 1)) / cuts))
    }),
  )
}
