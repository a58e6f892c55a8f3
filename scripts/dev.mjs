/**
 * `npm run dev`: the workbench in the browser with hot reload of the page. A change below the page (engine, plugins,
 * main, contract) is built again and the shell restarted; jobs go on meanwhile, the page reconnects by itself.
 */
import { spawn } from 'node:child_process'
import { watch } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeBinary, onProjectNode, toolEnvironment } from './setup/dependencies.mjs'
import { root, run } from './setup/run.mjs'

await onProjectNode(fileURLToPath(import.meta.url))

const shellPort = process.env.AWB_SHELL_PORT ?? '5174'
const { createServer } = await import('vite')
const { default: config } = await import('../electron.vite.config.ts')

const build = () => run(nodeBinary, ['scripts/build.mjs'], { env: toolEnvironment() })
if ((await build()) !== 0) process.exit(1)

const page = await createServer({ configFile: false, ...config.renderer, root: join(root, config.renderer.root) })
await page.listen()
const [pageUrl] = page.resolvedUrls?.local ?? []

let shell = null
let isEnding = false

function startShell() {
  shell = spawn(nodeBinary, ['dist/main/browser.js', '--port', shellPort, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
    env: toolEnvironment({ AWB_RENDERER_URL: pageUrl.replace(/\/$/, '') }),
  })
}

const stopShell = () =>
  new Promise((resolve) => {
    if (!shell || shell.exitCode !== null || shell.signalCode !== null) return resolve()
    shell.once('exit', resolve)
    shell.kill('SIGTERM')
  })

/** Builds and restarts once for a burst of changes. */
let timer = null
let isBuilding = false
function onChange(_event, name) {
  if (isEnding || !name || name.endsWith('.generated.ts') || name.includes(`dist`)) return
  clearTimeout(timer)
  timer = setTimeout(async () => {
    if (isBuilding) return onChange(_event, name)
    isBuilding = true
    console.log(`${name} changed; building …`)
    if ((await build()) === 0) {
      await stopShell()
      if (!isEnding) startShell()
    }
    isBuilding = false
  }, 300)
}
const watchers = ['engine', 'main', 'plugins', 'preload'].map((folder) =>
  watch(join(root, folder), { recursive: true }, onChange),
)

async function end() {
  if (isEnding) return
  isEnding = true
  for (const watcher of watchers) watcher.close()
  await stopShell()
  await page.close()
  process.exit(0)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end)
startShell()
