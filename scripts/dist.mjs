/** `npm run dist [-- electron-builder flags]`: installers for this system; needs the network for Electron itself. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeBinary, onProjectNode, toolEnvironment } from './setup/dependencies.mjs'
import { root, run, runOrExit } from './setup/run.mjs'

await onProjectNode(fileURLToPath(import.meta.url))
await runOrExit(nodeBinary, ['scripts/build.mjs'], { env: toolEnvironment() })
process.exit(
  await run(nodeBinary, [join(root, 'node_modules', 'electron-builder', 'cli.js'), ...process.argv.slice(2)], {
    env: toolEnvironment(),
  }),
)
