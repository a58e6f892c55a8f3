import { existsSync } from 'node:fs'

/**
 * The file that a plugin's worker thread runs: `worker.ts` beside this file when run from source, `plugin-worker.js`
 * beside the bundle or one folder up when this file was bundled into a chunk.
 */
export function pluginWorkerFile(): URL {
  if (import.meta.url.endsWith('.ts')) return new URL('./worker.ts', import.meta.url)
  const beside = new URL('./plugin-worker.js', import.meta.url)
  return existsSync(beside) ? beside : new URL('../plugin-worker.js', import.meta.url)
}
