import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { HubFile } from './repository.ts'

/** The digest that a file has, of the kind that its hub names; its sha256 where the hub names none. */
export async function digestFile(path: string, file: HubFile, signal: AbortSignal): Promise<string> {
  const isBlob = file.digest?.kind === 'gitSha1'
  const hash = createHash(isBlob ? 'sha1' : 'sha256')
  // Git hashes a header in front of the content.
  if (isBlob) hash.update(`blob ${(await stat(path)).size}\0`)
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20, signal })) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
