import { createHash } from 'node:crypto'

/** The sha256 of a file that is written block by block. */
export interface FileHash {
  /** The block must stay as it is until this is done. */
  update(block: Uint8Array): Promise<void>
  digest(): Promise<string>
}

/** Hashes in this thread. */
export function hashHere(): FileHash {
  const hash = createHash('sha256')
  return {
    update: (block) => {
      hash.update(block)
      return Promise.resolve()
    },
    digest: () => Promise.resolve(hash.digest('hex')),
  }
}
