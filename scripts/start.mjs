/**
 * `npm start`: installs what is missing, builds what is stale and opens the workbench, in Electron where it is to be
 * had, else in the browser. `--browser` forces the browser; other arguments go to the shell.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { nodeBinary, onProjectNode, toolEnvironment } from './setup/dependencies.mjs'
import { buildIfStale } from './setup/freshness.mjs'
import { findElectron } from './setup/electron.mjs'
import { root } from './setup/run.mjs'

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
const shell = spawn(program, programArgs, { cwd: root, stdio: 'inherit', env: toolEnvironment() })
// A terminal sends Ctrl-C to the shell as well; what reaches only this process is handed on. The shell ends in order.
process.on('SIGINT', () => {
  if (!process.stdin.isTTY) shell.kill('SIGINT')
})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => shell.kill(signal))
shell.on('error', (error) => {
  console.error(`The workbench could not be started: ${error.message}`)
  process.exit(1)
})
shell.on('exit', (code) => process.exit(code ?? 0))
