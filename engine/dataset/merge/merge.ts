import { stat } from 'node:fs/promises'
import path from 'node:path'
import { asFileError } from '../../host/fs-errors.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import { passportPath } from '../indexed/format.ts'
import type { FileDigest } from '../../host/writing/file-sink.ts'
import { StagedFiles } from '../writers/staging.ts'
import { mergeIndexed } from './merge-indexed.ts'
import { MergedPassport } from './merged-passport.ts'
import { findParts } from './parts.ts'

export interface MergeRequest {
  readonly folder: string
  /** Ends of names behind the prefix, such as `packed_input_ids_document` or `text_document`. */
  readonly keys: readonly string[]
  readonly outputPrefix: string
  /** Older files of the same names give way when the new ones are complete. */
  readonly overwrite?: boolean
}

export interface MergeResult {
  /** Paths of the parts by key, without extension, in the order in which they were joined. */
  readonly parts: Readonly<Record<string, readonly string[]>>
  /** Null when not all parts have one, or when they were made differently. */
  readonly passport: DatasetPassport | null
}

/**
 * Joins datasets, one result per key, as `--merge-group-keys` of MindSpeed-LLM does. All files appear together when
 * everything is complete, or none does.
 * @throws dataset.merge*, dataset.indexInvalid, file.*, cancelled
 */
export async function mergeDatasets(
  { folder, keys, outputPrefix, overwrite = false }: MergeRequest,
  signal: AbortSignal,
  advance: (done: number, total: number) => void,
): Promise<MergeResult> {
  const prefix = path.resolve(outputPrefix)
  const parts: Record<string, string[]> = {}
  for (const key of keys) parts[key] = await findParts(path.resolve(folder), key)
  const total = await sizeOf(Object.values(parts).flat())
  const name = path.basename(prefix)
  const wanted = Object.keys(parts).flatMap((key) => [`${name}_${key}.bin`, `${name}_${key}.idx`])
  const passportName = path.basename(passportPath(prefix))
  const staged = await StagedFiles.create(prefix, [...wanted, passportName], { overwrites: overwrite })
  try {
    let done = 0
    const files: Record<string, FileDigest> = {}
    const joined = await MergedPassport.of(parts)
    for (const [key, stems] of Object.entries(parts)) {
      const copied = (bytes: number): void => {
        done += bytes
        advance(done, total)
      }
      const merged = await mergeIndexed(stems, staged.path(`${name}_${key}`), signal, copied, joined?.tallyOf(key))
      files[`${name}_${key}.bin`] = merged.bin
      files[`${name}_${key}.idx`] = merged.idx
    }
    const passport = (await joined?.finish(staged.path(name), files, path.resolve(folder))) ?? null
    if (passport !== null) await staged.write(passportName, `${JSON.stringify(passport, null, 2)}\n`)
    await staged.commit()
    return { parts, passport }
  } catch (error) {
    await staged.discard()
    throw asFileError(error, prefix)
  }
}

async function sizeOf(stems: readonly string[]): Promise<number> {
  let bytes = 0
  for (const stem of stems) bytes += (await stat(`${stem}.bin`)).size
  return bytes
}
