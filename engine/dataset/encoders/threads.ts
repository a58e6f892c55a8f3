import { inOrder } from '../../workers/in-order.ts'
import { ThreadPool } from '../../workers/pool.ts'
import { serveRequests } from '../../workers/serve.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import { buffersOf, type RowBlock, weightOf } from '../readers/blocks.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { createEncoder, loadTokenizerFor } from './create.ts'
import { SpareBuffers, buffersOfEncoded, detach } from './detach.ts'
import { BlockEncoder, type EncodedBlock } from './encoded-block.ts'
import type { EncodingSpec, RowEncoder } from './encoder.ts'

/** Rows live shortly; what V8 would take by itself is much memory for many threads, and no faster. */
const YOUNG_MEGABYTES = 24
/** Rows under way for each thread: one part in work, the others waiting or on their way back. */
const BYTES_PER_THREAD = 2 * 1024 * 1024

/** What is known of an encoding before any row. */
export interface EncodingDescription {
  readonly format: RowEncoder['format']
  readonly columns: readonly string[]
  readonly keys: readonly string[]
  readonly tokenizer: DatasetPassport['tokenizer']
}

type Request =
  | { readonly kind: 'describe' }
  | {
      readonly kind: 'encode'
      readonly block: RowBlock
      /** For the reply. */
      readonly buffers: readonly ArrayBuffer[]
    }

interface Reply {
  readonly description?: EncodingDescription
  readonly block?: EncodedBlock
}

export const describeEncoding = (
  { format, columns, keys }: RowEncoder,
  { path, hash, vocabSize, kind }: Tokenizer,
): EncodingDescription => ({ format, columns, keys, tokenizer: { path, hash, vocab: vocabSize, kind } })

/** In a thread: encodes the blocks that come, by the spec that the thread was started with. */
export function serveEncoding(data: unknown): void {
  const { spec } = data as { spec: EncodingSpec }
  serveRequests<Request, Reply>(async () => {
    const tokenizer = await loadTokenizerFor(spec)
    const encoder = createEncoder(spec, tokenizer)
    const blocks = new BlockEncoder(encoder, spec)
    const spare = new SpareBuffers()
    return (request) => {
      if (request.kind === 'describe') return { reply: { description: describeEncoding(encoder, tokenizer) } }
      const encoded = blocks.encode(request.block)
      spare.add([...request.buffers, ...buffersOf(request.block)])
      const { block, buffers } = detach(encoded, spare)
      return { reply: { block }, transfer: buffers }
    }
  })
}

/** Threads that encode blocks. */
export class EncodingThreads {
  readonly #pool: ThreadPool<Request, Reply>

  constructor(spec: EncodingSpec, threads: number) {
    this.#pool = new ThreadPool('encode', threads, { spec }, { maxYoungGenerationSizeMb: YOUNG_MEGABYTES })
  }

  /** @throws as loadTokenizer and createEncoder do */
  async describe(): Promise<EncodingDescription> {
    const { description } = await this.#pool.run({ kind: 'describe' })
    if (description === undefined) throw new AppError('thread.ended', { reason: 'no description came' })
    return description
  }

  /**
   * Encodes blocks; results come in the order of the blocks, each valid until the next one.
   * @throws what reading and encoding throw, in that order too; thread.ended, cancelled
   */
  async *encode(blocks: AsyncIterable<RowBlock>, signal: AbortSignal): AsyncGenerator<EncodedBlock, void, undefined> {
    const pool = this.#pool
    const spare = new SpareBuffers()
    const stop = (): void => void pool.close()
    const run = (block: RowBlock): Promise<Reply> => {
      const buffers = spare.takeAll()
      return pool.run({ kind: 'encode', block, buffers }, [...buffersOf(block), ...buffers])
    }
    signal.addEventListener('abort', stop)
    try {
      if (signal.aborted) stop()
      for await (const { block } of inOrder(blocks, run, weightOf, pool.size * BYTES_PER_THREAD)) {
        if (block === undefined) continue
        yield block
        spare.add(buffersOfEncoded(block))
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}
