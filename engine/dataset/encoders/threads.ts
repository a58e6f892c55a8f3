import { inOrder } from '../../workers/in-order.ts'
import { ThreadPool } from '../../workers/pool.ts'
import { serveRequests } from '../../workers/serve.ts'
import { buffersOf, type RowBlock, weightOf } from '../readers/blocks.ts'
import { createEncoder, loadTokenizerFor } from './create.ts'
import { BlockEncoder, detach, type EncodedBlock } from './encoded-block.ts'
import type { EncodingSpec } from './encoder.ts'

/** Rows under way for each thread: one part in work, the others waiting or on their way back. */
const BYTES_PER_THREAD = 2 * 1024 * 1024

/** In a thread: encodes the blocks that come, by the spec that the thread was started with. */
export function serveEncoding(data: unknown): void {
  const { spec } = data as { spec: EncodingSpec }
  serveRequests<RowBlock, EncodedBlock>(async () => {
    const blocks = new BlockEncoder(createEncoder(spec, await loadTokenizerFor(spec)), spec)
    return (block) => {
      const { block: reply, buffers } = detach(blocks.encode(block))
      return { reply, transfer: buffers }
    }
  })
}

/** Threads that encode blocks. */
export class EncodingThreads {
  readonly #pool: ThreadPool<RowBlock, EncodedBlock>

  constructor(spec: EncodingSpec, threads: number) {
    this.#pool = new ThreadPool('encode', threads, { spec })
  }

  /**
   * Encodes blocks; results come in the order of the blocks.
   * @throws what reading and encoding throw, in that order too; thread.ended, cancelled
   */
  async *encode(blocks: AsyncIterable<RowBlock>, signal: AbortSignal): AsyncGenerator<EncodedBlock, void, undefined> {
    const pool = this.#pool
    const stop = (): void => void pool.close()
    signal.addEventListener('abort', stop)
    try {
      if (signal.aborted) stop()
      yield* inOrder(blocks, (block) => pool.run(block, buffersOf(block)), weightOf, pool.size * BYTES_PER_THREAD)
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}
