import { createHash } from 'node:crypto'
import { ThreadPool } from '../../workers/pool.ts'
import { serveRequests } from '../../workers/serve.ts'
import type { FileHash } from '../../host/writing/file-hash.ts'
import { threadLimits } from '../sources/threads-for.ts'

type HashRequest = { readonly block: Uint8Array } | { readonly end: true }
interface HashReply {
  readonly sha256: string | undefined
}

/**
 * Hashes in a thread of its own, one file after the other: where a single file is written, hashing is half of the work.
 * Blocks must lie in shared memory. The thread ends with the one that made this.
 */
export class HashThread {
  readonly #pool = new ThreadPool<HashRequest, HashReply>('checkpoint-hash', 1, {}, threadLimits)

  /** Only when the digest of the one before is there. */
  next(): FileHash {
    return {
      update: async (block) => void (await this.#pool.run({ block })),
      digest: async () => (await this.#pool.run({ end: true })).sha256 ?? '',
    }
  }
}

/** In the thread. */
export function serveHashing(): void {
  let hash = createHash('sha256')
  serveRequests<HashRequest, HashReply>(() =>
    Promise.resolve((request: HashRequest) => {
      if ('block' in request) {
        hash.update(request.block)
        return { reply: { sha256: undefined } }
      }
      const sha256 = hash.digest('hex')
      hash = createHash('sha256')
      return { reply: { sha256 } }
    }),
  )
}
