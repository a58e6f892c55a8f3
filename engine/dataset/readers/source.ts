import { createHash } from 'node:crypto'
import { AppError } from '../../protocol/errors/index.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import { openFile } from './byte-source.ts'
import { digestOfFiles } from './folder.ts'
import type { RowReader } from './reader.ts'

const CHUNK_BYTES = 4 * 1024 * 1024

/**
 * What a passport says of a source. Of one that was not read to its end the digest is that of the part that was:
 * `head -c <readBytes>` of the file, or of those files of a folder that were begun.
 * @throws file.*, cancelled
 */
export async function describeSource(reader: RowReader, signal: AbortSignal): Promise<DatasetPassport['source']> {
  const { file, totalBytes: bytes, bytesRead, sha256, parts } = reader
  if (sha256 !== '') return { path: file, bytes, sha256 }
  const read = bytesRead < bytes ? { readBytes: bytesRead } : {}
  if (parts === undefined) {
    return { path: file, bytes, sha256: await digestOfStart(file, bytesRead, signal), ...read }
  }
  const begun: { file: string; sha256: string }[] = []
  for (const part of parts.filter((one) => one.bytesRead > 0)) {
    begun.push({ file: part.file, sha256: part.sha256 || (await digestOfStart(part.file, part.bytesRead, signal)) })
  }
  return { path: file, bytes, sha256: digestOfFiles(begun), ...read }
}

async function digestOfStart(file: string, bytes: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const chunk = new Uint8Array(CHUNK_BYTES)
  const handle = await openFile(file)
  try {
    for (let at = 0; at < bytes;) {
      if (signal.aborted) throw new AppError('cancelled')
      const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, bytes - at), at)
      if (bytesRead === 0) break
      hash.update(chunk.subarray(0, bytesRead))
      at += bytesRead
    }
  } finally {
    await handle.close()
  }
  return hash.digest('hex')
}
