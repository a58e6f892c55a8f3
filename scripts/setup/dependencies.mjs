import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { root, runInForeground, runOrExit } from './run.mjs'

const modules = join(root, 'node_modules')
const marker = join(modules, '.awb-installed')
const isWindows = process.platform === 'win32'

/** The Node that runs everything but this set-up; a dev dependency, so that all work with the same one. */
export const nodeBinary = join(modules, 'node', 'bin', isWindows ? 'node.exe' : 'node')

/**
 * Installs the locked dependencies when they are missing or the lock file has changed. Runs on Node 18 and later.
 * Install scripts stay off, but for the one that brings Node: nothing else needs one (native modules ship prebuilt).
 */
export async function ensureDependencies() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lock && existsSync(nodeBinary)) return
  if (existsSync(nodeBinary) && isNewer(join(modules, '.package-lock.json'), join(root, 'package-lock.json'))) {
    // npm itself was here after the last change of the lock file.
    writeFileSync(marker, lock)
    return
  }
  process.stderr.write('Installing dependencies (once, about a minute) …\n')
  await runOrExit('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  await runOrExit('npm', ['rebuild', 'node', '--ignore-scripts=false', '--foreground-scripts', '--loglevel=error'])
  writeFileSync(marker, lock)
}

const isNewer = (path, than) => existsSync(path) && statSync(path).mtimeMs >= statSync(than).mtimeMs

/** Environment with our Node and tools first on the path. */
export function toolEnvironment(extra = {}) {
  const bin = join(modules, '.bin')
  const separator = isWindows ? ';' : ':'
  return {
    ...process.env,
    PATH: `${join(modules, 'node', 'bin')}${separator}${bin}${separator}${process.env.PATH}`,
    ...extra,
  }
}

/** Starts this script again on our Node, unless it runs on it already; used as the first line of work of a script. */
export async function onProjectNode(script) {
  await ensureDependencies()
  if (process.execPath === nodeBinary || process.env.AWB_ON_PROJECT_NODE === '1') return
  process.exit(
    await runInForeground(nodeBinary, [script, ...process.argv.slice(2)], {
      cwd: process.cwd(),
      env: toolEnvironment({ AWB_ON_PROJECT_NODE: '1' }),
    }),
  )
}
