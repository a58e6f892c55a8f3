/** Builds everything that runs: kernel, engine, plugins, and main, preload and renderer. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureDependencies, nodeBinary, toolEnvironment } from './setup/dependencies.mjs'
import { root, runOrExit } from './setup/run.mjs'

await ensureDependencies()
const env = toolEnvironment()
const steps = [
  ['scripts/build-kernel.mjs'],
  ['scripts/build-engine.mjs'],
  ['scripts/build-plugins.mjs'],
  [join('node_modules', 'electron-vite', 'bin', 'electron-vite.js'), 'build', '--logLevel', 'warn'],
]
for (const [script, ...args] of steps) {
  if (existsSync(join(root, script))) await runOrExit(nodeBinary, [script, ...args], { env })
}
