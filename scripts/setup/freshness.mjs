import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { nodeBinary, toolEnvironment } from './dependencies.mjs'
import { root, runOrExit } from './run.mjs'

const sources = [
  'engine',
  'main',
  'plugins',
  'preload',
  'renderer',
  'resources',
  'electron.vite.config.ts',
  'package-lock.json',
]
const stamp = join(root, 'dist', 'main', 'browser.js')

/** Newest modification below a path, in ms. */
function newest(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  let latest = 0
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.name === 'dist' || entry.name === 'node_modules' || entry.name.endsWith('.generated.ts')) continue
    latest = Math.max(latest, newest(join(path, entry.name)))
  }
  return latest
}

/** Builds when a source is newer than the last build, or there is none. */
export async function buildIfStale() {
  const isFresh = existsSync(stamp) && sources.every((source) => newest(join(root, source)) < statSync(stamp).mtimeMs)
  if (isFresh) return
  process.stderr.write('Building (about half a minute) …\n')
  await runOrExit(nodeBinary, ['scripts/build.mjs'], { env: toolEnvironment() })
}
