import { basename, dirname, join } from 'node:path'
import type { CheckpointLayout, CheckpointPassport } from '../protocol/passport.ts'
import { version } from '../version.ts'
import { readMindspore } from './formats/mindspore-read.ts'
import { RandomFile } from './formats/random-file.ts'
import { filePassport } from './open.ts'
import { originOf } from './origin.ts'
import type { KnownModel } from './slice-passport.ts'
import { replaceFileAtomically } from './writing/atomic-file.ts'
import type { FileDigest } from '../host/writing/file-sink.ts'
import type { WriteContext } from './writing/tensor-stream.ts'

/** Room for the passport when the free space is checked. */
const PASSPORT_BYTES = 64 * 1024

export interface MindsporeFile {
  readonly output: string
  readonly digest: FileDigest
  /** What it was made from. */
  readonly source: { readonly path: string; readonly layout: CheckpointLayout }
  /** What model it holds, or why that is not known. */
  readonly known: KnownModel | string
}

/**
 * Writes `<name>.awb-passport.json` beside a single MindSpore file, so that it is known without a config.json. Where it
 * is not known what model it holds, that is logged instead.
 */
export async function describeMindsporeFile(
  { output, digest, source, known }: MindsporeFile,
  context: WriteContext,
): Promise<void> {
  if (typeof known === 'string') {
    context.log(`note: no passport is written, the model is not known: ${known}`)
    return
  }
  await using file = await RandomFile.open(output)
  const { entries } = await readMindspore(file)
  const passport: CheckpointPassport = {
    passport: 1,
    kind: 'checkpoint',
    createdAt: Date.now(),
    tool: { name: 'ascend-workbench', version },
    model: known.model,
    layout: 'mindspore',
    tp: 1,
    pp: 1,
    vpp: 1,
    dtype: known.dtype,
    tensorCount: entries.length,
    totalBytes: entries.reduce((sum, { chunks }) => sum + chunks.reduce((bytes, chunk) => bytes + chunk.bytes, 0), 0),
    files: { [basename(output)]: digest },
    source: await originOf(source),
  }
  const text = Buffer.from(`${JSON.stringify(passport, null, 2)}\n`)
  await replaceFileAtomically(join(dirname(output), filePassport(output)), PASSPORT_BYTES, (sink) => sink.write(text))
}
