/**
 * `npm run -s awb -- …`: the engine's command line from a checkout. Builds it when a source is newer, then runs it on
 * the project's Node with the same arguments, streams, signals and exit code.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ensureDependencies, nodeBinary, toolEnvironment } from './setup/dependencies.mjs'
import { root, run, runInForeground } from './setup/run.mjs'

const bundle = join(root, 'dist', 'engine', 'engine.mjs')

function isNewer(path, than) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return false
  if (!stat.isDirectory()) return stat.mtimeMs > than && !path.endsWith('.generated.ts')
  return readdirSync(path).some((name) => isNewer(join(path, name), than))
}

const sources = ['engine', 'package.json', join('scripts', 'build-engine.mjs'), join('scripts', 'build-kernel.mjs')]

await ensureDependencies()
const builtAt = existsSync(bundle) ? statSync(bundle).mtimeMs : 0
if (sources.some((source) => isNewer(join(root, source), builtAt))) {
  // What a build prints is not the command's answer.
  const code = await run(nodeBinary, ['scripts/build-engine.mjs'], {
    stdio: ['ignore', 2, 2],
    env: toolEnvironment(),
  })
  if (code !== 0) process.exit(code)
}

// The user's own folder stays the current one: npm moves to the checkout and leaves the place in INIT_CWD.
const cwd = process.env.INIT_CWD ?? process.cwd()
process.exit(await runInForeground(nodeBinary, [bundle, ...process.argv.slice(2)], { cwd }))
