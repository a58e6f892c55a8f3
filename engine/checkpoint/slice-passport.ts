import { readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import { CheckpointPassport, type Dtype, type ModelShape } from '../protocol/passport.ts'
import { version } from '../version.ts'
import { findTokenizer, isFile, tokenizerFiles } from './assets.ts'
import type { Transformed } from './mindspore/transform.ts'
import { openCheckpoint, PASSPORT_FILE } from './open.ts'
import { originOf } from './origin.ts'
import { writeSmallFile, type FileDigest } from '../host/writing/file-sink.ts'

/** What is known of the model in MindSpore files, beside their parameters. */
export interface KnownModel {
  readonly model: ModelShape
  readonly dtype: Dtype
}

/** Folder that the small files of a checkpoint lie in. */
async function folderOf(path: string): Promise<string> {
  return (await stat(path)).isDirectory() ? path : dirname(path)
}

/**
 * The model of a MindSpore checkpoint: from its passport where it is spread, else by opening it; a text that says why
 * where that cannot be told.
 */
export async function knownModel(path: string): Promise<KnownModel | string> {
  const passport = join(await folderOf(path), PASSPORT_FILE)
  try {
    if (await isFile(passport)) {
      const parsed = CheckpointPassport.safeParse(JSON.parse(await readFile(passport, 'utf8')))
      if (parsed.success) return parsed.data
    }
    await using opened = await openCheckpoint(path)
    return { model: opened.model, dtype: opened.summary.dtype }
  } catch (error) {
    if (error instanceof AppError || error instanceof SyntaxError) return error.message
    throw error
  }
}

/** Copies configuration and tokenizer from beside the source, before the output appears. */
export async function copyAssets(source: string, folder: string): Promise<Map<string, FileDigest>> {
  const from = await folderOf(source)
  const copied = new Map<string, FileDigest>()
  for (const name of ['config.json', 'generation_config.json', ...tokenizerFiles]) {
    const path = join(from, name)
    if (await isFile(path)) copied.set(name, await writeSmallFile(join(folder, name), await readFile(path)))
  }
  return copied
}

/** Writes the passport beside the ranks, before the output appears. */
export async function writeSlicePassport(
  folder: string,
  source: string,
  { model, dtype }: KnownModel,
  written: Transformed,
  assets: ReadonlyMap<string, FileDigest>,
): Promise<CheckpointPassport> {
  const tokenizer = await findTokenizer(folder)
  const passport: CheckpointPassport = {
    passport: 1,
    kind: 'checkpoint',
    createdAt: Date.now(),
    tool: { name: 'ascend-workbench', version },
    model,
    layout: 'mindspore',
    tp: written.modelParallel,
    pp: written.stages,
    vpp: 1,
    dtype,
    tensorCount: written.parameters,
    totalBytes: written.totalBytes,
    files: Object.fromEntries([...written.files, ...assets]),
    source: await originOf({ path: await folderOf(source), layout: 'mindspore' }),
    ...(tokenizer === null ? {} : { tokenizerHash: tokenizer.hash }),
  }
  await writeSmallFile(join(folder, PASSPORT_FILE), `${JSON.stringify(passport, null, 2)}\n`)
  return passport
}
