import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { AppError } from '../../protocol/errors/index.ts'
import type { TokenHistogram } from '../../protocol/passport.ts'
import type { RowBlock } from '../readers/blocks.ts'
import { TokenTally, summarizeTokens } from '../token-histogram.ts'
import { createEncoder, loadTokenizerFor } from './create.ts'
import { BlockEncoder, type EncodedBlock } from './encoded-block.ts'
import type { EncodingSpec } from './encoder.ts'
import { EncodingThreads, describeEncoding, type EncodingDescription } from './threads.ts'

/** Beyond this the one thread that reads and writes is what limits. */
const MOST_THREADS = 16
/** Below this, starting threads takes longer than the work. */
const SMALL_BYTES = 8 * 1024 * 1024

/** Rows to sequences of tokens, in this thread or in others. */
export interface Encoding extends EncodingDescription {
  /** What becomes of each block, in order; valid until the next one. Once only. @throws dataset.*, thread.ended, cancelled */
  encode(blocks: AsyncIterable<RowBlock>, signal: AbortSignal): AsyncGenerator<EncodedBlock, void, undefined>
  /** Of all that was encoded. @param padding places that were filled up beside it */
  tokenHistogram(padding: number): Promise<TokenHistogram>
  close(): Promise<void>
}

/**
 * How many threads encode. One means that there is no other thread than the one that reads and writes.
 * @param asked by the user; without it all cores but one are taken, and one for small sources
 */
export function threadCount(asked: number | undefined, sourceBytes: number): number {
  if (asked !== undefined) return asked
  if (sourceBytes < SMALL_BYTES) return 1
  return Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))
}

/** @throws as loadTokenizer and createEncoder do */
export async function openEncoding(spec: EncodingSpec, threads: number): Promise<Encoding> {
  if (threads === 1) {
    const tokenizer = await loadTokenizerFor(spec)
    const encoder = createEncoder(spec, tokenizer)
    const tally = new TokenTally(tokenizer.vocabSize)
    return {
      ...describeEncoding(encoder, tokenizer),
      encode: encodeHere(new BlockEncoder(encoder, spec, tally)),
      tokenHistogram: (padding) => Promise.resolve(summarizeTokens(tally.counts, tokenizer, padding)),
      close: () => Promise.resolve(),
    }
  }
  const pool = new EncodingThreads(spec, threads)
  try {
    // This thread needs no tokenizer of its own.
    const description = await pool.describe()
    return {
      ...description,
      encode: (blocks, signal) => pool.encode(blocks, signal),
      tokenHistogram: (padding) => pool.tokenHistogram(description.tokenizer.vocab, padding),
      close: () => pool.close(),
    }
  } catch (error) {
    await pool.close()
    throw error
  }
}

const encodeHere = (encoding: BlockEncoder): Encoding['encode'] =>
  async function* (blocks, signal) {
    for await (const block of blocks) {
      yield encoding.encode(block)
      // A turn of the event loop, in which a stop can arrive.
      await setImmediate()
      if (signal.aborted) throw new AppError('cancelled')
    }
  }
