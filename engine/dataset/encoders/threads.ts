import { availableParallelism } from 'node:os'
import { inOrder } from '../../workers/in-order.ts'
import { ThreadPool } from '../../workers/pool.ts'
import { serveRequests } from '../../workers/serve.ts'
import { buffersOf, type RowBlock, weightOf } from '../readers/blocks.ts'
import { createEncoder, loadTokenizerFor } from './create.ts'
import { BlockEncoder, detach, type EncodedBlock } from './encoded-block.ts'
import type { EncodingSpec } from './encoder.ts'

/** Beyond this the one thread that reads and writes is what limits. */
const MOST_THREADS = 16
/** Below this, starting threads takes longer than the work. */
const SMALL_BYTES = 8 * 1024 * 1024
/** Rows under way for each thread: one part in work, one waiting, one on its way back. */
const BYTES_PER_THREAD = 2 * 1024 * 1024

/**
 * How many threads encode. One means that there is no other thread than the one that reads and writes.
 * @param asked by the user; without it all cores but one are taken, and one for small sources
 */
export function threadCount(asked: number | undefined, sourceBytes: number): number {
  if (asked !== undefined) return asked
  if (sourceBytes < SMALL_BYTES) return 1
  return Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))
}

export const keepsEmpty = ({ compat }: Pick<EncodingSpec, 'compat'>): boolean => compat !== undefined

/** In a thread: encodes the blocks that come, by the spec that the thread was started with. */
export function serveEncoding(data: unknown): void {
  const { spec } = data as { spec: EncodingSpec }
  serveRequests<RowBlock, EncodedBlock>(async () => {
    const encoder = createEncoder(spec, await loadTokenizerFor(spec))
    const blocks = new BlockEncoder(encoder, { keepsEmpty: keepsEmpty(spec) })
    return (block) => {
      const { block: reply, buffers } = detach(blocks.encode(block))
      return { reply, transfer: buffers }
    }
  })
}

/**
 * Encodes blocks in threads; results come in the order of the blocks.
 * @throws what reading and encoding throw, in that order too; thread.ended, cancelled
 */
export async function* encodeInThreads(
  blocks: AsyncIterable<RowBlock>,
  spec: EncodingSpec,
  threads: number,
  signal: AbortSignal,
): AsyncGenerator<EncodedBlock, void, undefined> {
  const pool = new ThreadPool<RowBlock, EncodedBlock>('encode', threads, { spec })
  const stop = (): void => void pool.close()
  signal.addEventListener('abort', stop)
  try {
    if (signal.aborted) stop()
    yield* inOrder(blocks, (block) => pool.run(block, buffersOf(block)), weightOf, threads * BYTES_PER_THREAD)
  } finally {
    signal.removeEventListener('abort', stop)
    await pool.close()
  }
}
