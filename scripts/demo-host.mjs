/** `npm run demo:host`: make-believe NPU servers behind a jump host, for people without NPUs. Ctrl-C ends them. */
import { ensureDependencies, nodeBinary, toolEnvironment } from './setup/dependencies.mjs'
import { root, runInForeground } from './setup/run.mjs'

await ensureDependencies()
const code = await runInForeground(nodeBinary, ['tests/hosts/demo.ts'], { cwd: root, env: toolEnvironment() })
process.exit(code)
