/**
 * `npm start`: installs what is missing, builds what is stale and opens the workbench, in Electron where it is to be
 * had, else in the browser. `--browser` forces the browser; other arguments go to the shell.
 */
import { fileURLToPath } from 'node:url'
import { nodeBinary, onProjectNode, toolEnvironment } from './setup/dependencies.mjs'
import { buildIfStale } from './setup/freshness.mjs'
import { findElectron } from './setup/electron.mjs'
import { root, runInForeground } from './setup/run.mjs'

await onProjectNode(fileURLToPath(import.meta.url))
await buildIfStale()

const args = process.argv.slice(2)
const wantsBrowser = args.includes('--browser')
const rest = args.filter((arg) => arg !== '--browser')
const electron = wantsBrowser ? { binary: null } : await findElectron()
if (electron.reason) console.log(`${electron.reason} The workbench opens in the browser instead.`)

const [program, programArgs] = electron.binary
  ? [electron.binary, [root, ...rest]]
  : [nodeBinary, ['dist/main/browser.js', ...rest]]
process.exit(await runInForeground(program, programArgs, { env: toolEnvironment() }))
