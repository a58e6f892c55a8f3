import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeBinary, toolEnvironment } from './dependencies.mjs'
import { root, run } from './run.mjs'

const folder = join(root, 'node_modules', 'electron')

const installed = () => {
  const pathFile = join(folder, 'path.txt')
  if (!existsSync(pathFile)) return null
  const binary = join(folder, 'dist', readFileSync(pathFile, 'utf8').trim())
  return existsSync(binary) ? binary : null
}

/** The Electron binary, fetched on first use, or the reason why there is none, in one sentence. */
export async function findElectron() {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    return { binary: null, reason: 'There is no display.' }
  }
  if (!installed()) {
    process.stderr.write('Fetching Electron (once) …\n')
    await run(nodeBinary, [join(folder, 'install.js')], { env: toolEnvironment(), stdio: 'ignore', timeout: 300_000 })
  }
  const binary = installed()
  return binary ? { binary } : { binary: null, reason: 'The Electron binary could not be fetched.' }
}
