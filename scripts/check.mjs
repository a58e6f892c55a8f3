/** Everything that can be said of the sources without running them. `npm run check`. */
import { fileURLToPath } from 'node:url'
import { onProjectNode } from './setup/dependencies.mjs'
import { checks, runCheck } from './setup/checks.mjs'

await onProjectNode(fileURLToPath(import.meta.url))
const failed = []
for (const check of checks) if (!(await runCheck(check))) failed.push(check.name)
if (failed.length > 0) {
  console.error(`Failed: ${failed.join(', ')}`)
  process.exit(1)
}
