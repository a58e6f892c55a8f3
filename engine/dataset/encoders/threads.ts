import { threadId } from 'node:worker_threads'
import { inOrder } from '../../workers/in-order.ts'
import { ThreadPool } from '../../workers/pool.ts'
import { serveRequests } from '../../workers/serve.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { DatasetPassport, TokenHistogram } from '../../protocol/passport.ts'
import { buffersOf, type RowBlock, weightOf } from '../readers/blocks.ts'
import { TokenTally, sumCounts, summarizeTokens } from '../token-histogram.ts'
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
  | { readonly kind: 'summarize'; readonly counts: Float64Array; readonly padding: number }

interface Reply {
  readonly description?: EncodingDescription
  readonly block?: EncodedBlock
  /** How often each id stands in the blocks of a thread so far: memory that it shares. */
  readonly tally?: { readonly thread: number; readonly counts: Float64Array }
  readonly histogram?: TokenHistogram
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
    const tally = new TokenTally(tokenizer.vocabSize)
    const blocks = new BlockEncoder(encoder, spec, tally)
    const spare = new SpareBuffers()
    return (request) => {
      switch (request.kind) {
        case 'describe':
          return { reply: { description: describeEncoding(encoder, tokenizer) } }
        case 'summarize':
          return { reply: { histogram: summarizeTokens(request.counts, tokenizer, request.padding) } }
        case 'encode': {
          const encoded = blocks.encode(request.block)
          spare.add([...request.buffers, ...buffersOf(request.block)])
          const { block, buffers } = detach(encoded, spare)
          return { reply: { block, tally: { thread: threadId, counts: tally.counts } }, transfer: buffers }
        }
      }
    }
  })
}

/** Threads that encode blocks. */
export class EncodingThreads {
  readonly #pool: ThreadPool<Request, Reply>
  /** By thread. */
  readonly #tallies = new Map<number, Float64Array>()

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
      for await (const { block, tally } of inOrder(blocks, run, weightOf, pool.size * BYTES_PER_THREAD)) {
        if (tally !== undefined) this.#tallies.set(tally.thread, tally.counts)
        if (block === undefined) continue
        yield block
        spare.add(buffersOfEncoded(block))
      }
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }

  /** Of the ids of all blocks. */
  async tokenHistogram(vocabSize: number, padding: number): Promise<TokenHistogram> {
    const counts = sumCounts(vocabSize, this.#tallies.values())
    const { histogram } = await this.#pool.run({ kind: 'summarize', counts, padding })
    if (histogram === undefined) throw new AppError('thread.ended', { reason: 'no histogram came' })
    return histogram
  }

  close(): Promise<void> {
    return this.#pool.close()
  }
}
