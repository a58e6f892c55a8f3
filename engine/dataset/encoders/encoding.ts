import { availableParallelism } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { AppError } from '../../protocol/errors/index.ts'
import type { RowBlock } from '../readers/blocks.ts'
import { createEncoder, loadTokenizerFor } from './create.ts'
import { BlockEncoder, type EncodedBlock } from './encoded-block.ts'
import type { EncodingSpec, RowEncoder } from './encoder.ts'
import { EncodingThreads, describeEncoding, type EncodingDescription } from './threads.ts'

/** Beyond this the one thread that reads and writes is what limits. */
const MOST_THREADS = 16
/** Below this, starting threads takes longer than the work. */
const SMALL_BYTES = 8 * 1024 * 1024

/** Rows to sequences of tokens, in this thread or in others. */
export interface Encoding extends EncodingDescription {
  /** What becomes of each block, in order; valid until the next one. Once only. @throws dataset.*, thread.ended, cancelled */
  encode(blocks: AsyncIterable<RowBlock>, signal: AbortSignal): AsyncGenerator<EncodedBlock, void, undefined>
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
    const encode = encodeHere(encoder, spec)
    return { ...describeEncoding(encoder, tokenizer), encode, close: () => Promise.resolve() }
  }
  const pool = new EncodingThreads(spec, threads)
  try {
    // This thread needs no tokenizer of its own.
    const description = await pool.describe()
    return { ...description, encode: (blocks, signal) => pool.encode(blocks, signal), close: () => pool.close() }
  } catch (error) {
    await pool.close()
    throw error
  }
}

const encodeHere = (encoder: RowEncoder, spec: EncodingSpec): Encoding['encode'] =>
  async function* (blocks, signal) {
    const encoding = new BlockEncoder(encoder, spec)
    for await (const block of blocks) {
      yield encoding.encode(block)
      // A turn of the event loop, in which a stop can arrive.
      await setImmediate()
      if (signal.aborted) throw new AppError('cancelled')
    }
  }
