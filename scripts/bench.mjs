/** `npm run bench [-- area …]`: runs tests/bench/<area>.bench.ts one after the other; each prints its own table. */
import { readdirSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeBinary, onProjectNode, toolEnvironment } from './setup/dependencies.mjs'
import { root, runOrExit } from './setup/run.mjs'

await onProjectNode(fileURLToPath(import.meta.url))

const folder = join(root, 'tests', 'bench')
const areas = readdirSync(folder)
  .filter((name) => name.endsWith('.bench.ts'))
  .map((name) => name.slice(0, -'.bench.ts'.length))
const [area, ...args] = process.argv.slice(2)
if (area && !areas.includes(area)) {
  console.error(`Unknown area ${area}; there are ${areas.join(', ')}.`)
  process.exit(2)
}

await runOrExit(nodeBinary, ['scripts/build.mjs'], { env: toolEnvironment() })
const memory = Math.round(totalmem() / 2 ** 30)
console.log(
  `${cpus().length} × ${cpus()[0]?.model.trim()}, ${memory} GiB, ${process.platform} ${release()}, Node ${process.version}`,
)
for (const name of area ? [area] : areas) {
  console.log(`\n── ${name} ──`)
  await runOrExit(nodeBinary, [join(folder, `${name}.bench.ts`), ...args], { env: toolEnvironment() })
}
