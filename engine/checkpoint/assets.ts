import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { CheckpointSummary } from '../protocol/checkpoints.ts'
import { asFileError } from '../host/fs-errors.ts'

/** Folder of a Megatron checkpoint that keeps what its shards cannot: config.json and the tokenizer. */
export const ASSETS_FOLDER = 'awb-hf'
export const TRACKER = 'latest_checkpointed_iteration.txt'

/** Copied along with the weights; the first two are the tokenizer itself, in the order of preference. */
export const tokenizerFiles = [
  'tokenizer.json',
  'tokenizer.model',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
  'chat_template.json',
] as const

export async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw asFileError(error, path)
  }
}

/** Sha256 of a file's bytes, hex. For files that fit into memory. */
export async function hashFile(path: string): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
  } catch (error) {
    throw asFileError(error, path)
  }
}

/** The tokenizer in a folder: its file, and the sha256 of that one file, which is its identity everywhere. */
export async function findTokenizer(folder: string): Promise<CheckpointSummary['tokenizer']> {
  for (const name of tokenizerFiles.slice(0, 2)) {
    const path = join(folder, name)
    if (await isFile(path)) return { path, hash: await hashFile(path) }
  }
  return null
}

/**
 * Where config.json and the tokenizer of a checkpoint lie: the folder itself, or `awb-hf` in the root of a Megatron
 * checkpoint, also when `path` is one of its iterations.
 */
export async function findAssets(path: string): Promise<string> {
  for (const root of [path, dirname(path)]) {
    if (root !== path && !/^(iter_\d{7}|release)$/.test(basename(path))) continue
    const kept = join(root, ASSETS_FOLDER)
    if (await isFile(join(kept, 'config.json'))) return kept
  }
  return path
}
