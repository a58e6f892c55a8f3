/** Bundles the engine to one file, `dist/engine/engine.mjs`: that file alone is what a host gets. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { nodeBinary, toolEnvironment } from './setup/dependencies.mjs'
import { root, runOrExit } from './setup/run.mjs'

const kernel = join(root, 'scripts', 'build-kernel.mjs')
if (existsSync(kernel)) await runOrExit(nodeBinary, [kernel], { env: toolEnvironment() })

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const { outputFiles } = await build({
  entryPoints: [join(root, 'engine', 'cli.ts')],
  outfile: join(root, 'dist', 'engine', 'engine.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  minifySyntax: true,
  // External: stack traces stay readable with --enable-source-maps, and starting does not pay for them.
  sourcemap: 'external',
  legalComments: 'none',
  define: { AWB_VERSION: JSON.stringify(version) },
  // Some libraries are CommonJS and ask for Node's modules at run time.
  banner: {
    js: `import { createRequire as awbRequire } from 'node:module'\nconst require = awbRequire(import.meta.url)`,
  },
  logLevel: 'warning',
  write: false,
})

// Renamed into place: an engine or supervisor that is starting right now never reads half a bundle.
for (const { path, contents } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.tmp`, contents)
  renameSync(`${path}.tmp`, path)
}
