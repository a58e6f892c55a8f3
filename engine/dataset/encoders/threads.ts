import { inOrder } from '../../workers/in-order.ts'
import { ThreadPool } from '../../workers/pool.ts'
import { serveRequests } from '../../workers/serve.ts'
import { buffersOf, type RowBlock, weightOf } from '../readers/blocks.ts'
import { createEncoder, loadTokenizerFor } from './create.ts'
import { SpareBuffers, buffersOfEncoded, detach } from './detach.ts'
import { BlockEncoder, type EncodedBlock } from './encoded-block.ts'
import type { EncodingSpec } from './encoder.ts'

/** Rows under way for each thread: one part in work, the others waiting or on their way back. */
const BYTES_PER_THREAD = 2 * 1024 * 1024

interface Request {
  readonly block: RowBlock
  /** For the reply. */
  readonly buffers: readonly ArrayBuffer[]
}

/** In a thread: encodes the blocks that come, by the spec that the thread was started with. */
export function serveEncoding(data: unknown): void {
  const { spec } = data as { spec: EncodingSpec }
  serveRequests<Request, EncodedBlock>(async () => {
    const encoder = new BlockEncoder(createEncoder(spec, await loadTokenizerFor(spec)), spec)
    const spare = new SpareBuffers()
    return ({ block, buffers }) => {
      const encoded = encoder.encode(block)
      spare.add([...buffers, ...buffersOf(block)])
      const { block: reply, buffers: transfer } = detach(encoded, spare)
      return { reply, transfer }
    }
  })
}

/** Threads that encode blocks. */
export class EncodingThreads {
  readonly #pool: ThreadPool<Request, EncodedBlock>

  constructor(spec: EncodingSpec, threads: number) {
    this.#pool = new ThreadPool('encode', threads, { spec })
  }

  /**
   * Encodes blocks; results come in the order of the blocks, each valid until the next one.
   * @throws what reading and encoding throw, in that order too; thread.ended, cancelled
   */
  async *encode(blocks: AsyncIterable<RowBlock>, signal: AbortSignal): AsyncGenerator<EncodedBlock, void, undefined> {
    const pool = this.#pool
    const spare = new SpareBuffers()
    const stop = (): void => void pool.close()
    const run = (block: RowBlock): Promise<EncodedBlock> => {
      const buffers = spare.takeAll()
      return pool.run({ block, buffers }, [...buffersOf(block), ...buffers])
    }
    signal.addEventListener('abort', stop)
    try {
      if (signal.aborted) stop()
      for await (const encoded of inOrder(blocks, run, weightOf, pool.size * BYTES_PER_THREAD)) {
        yield encoded
        spare.add(buffersOfEncoded(encoded))
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}
