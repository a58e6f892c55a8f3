import { join } from 'node:path'
import type { CheckpointSummary } from '../protocol/checkpoints.ts'
import type { CheckpointPassport } from '../protocol/passport.ts'
import { ASSETS_FOLDER, hashFile, isFile, TRACKER } from './assets.ts'
import { PASSPORT_FILE } from './open.ts'

/** Small files that identify a checkpoint: its passport holds the digests of all the others. */
const identifying = [
  'config.json',
  'model.safetensors.index.json',
  'pytorch_model.bin.index.json',
  TRACKER,
  join(ASSETS_FOLDER, 'config.json'),
  PASSPORT_FILE,
]

/** What a passport says about the checkpoint that another one was made from. */
export async function originOf(
  summary: Pick<CheckpointSummary, 'path' | 'layout'>,
): Promise<NonNullable<CheckpointPassport['source']>> {
  const hashes: Record<string, string> = {}
  for (const name of identifying) {
    const path = join(summary.path, name)
    if (await isFile(path)) hashes[name] = await hashFile(path)
  }
  return { path: summary.path, layout: summary.layout, hashes }
}
