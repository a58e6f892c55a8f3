/**
 * Builds every plugin in plugins/ into dist/plugins/<id>-<version>.tgz (or into the folder given by --output): one script
 * for the sandbox and the manifest that its family defines. The same sources give the same bytes.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { pack } from 'tar-stream'
import { Manifest } from '../engine/protocol/panel.ts'
import { root } from './setup/run.mjs'

/** Every family carries the panels that all share. The workbench itself takes up to 1 MiB (main/plugins/limits.ts). */
const maxScriptBytes = 384 * 1024
const { values: options } = parseArgs({
  options: { output: { type: 'string', default: join(root, 'dist', 'plugins') } },
})
const output = resolve(options.output)

/** One script without imports, as an ES module for QuickJS. */
async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es2023',
    charset: 'utf8',
    // The limit is about what the sandbox has to read; names stay, so that its stack traces can be read.
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  const script = outputFiles[0].contents
  if (script.length > maxScriptBytes) throw new Error(`${entry}: ${script.length} bytes, at most ${maxScriptBytes}`)
  return script
}

async function manifestOf(entry, script) {
  const exported = await import(`data:text/javascript;base64,${Buffer.from(script).toString('base64')}`)
  const manifest = Manifest.parse(exported.family)
  for (const { id, plan } of manifest.contributes.panels) {
    if (typeof exported[plan] !== 'function') throw new Error(`${entry}: the panel ${id} names ${plan}, no such export`)
  }
  return manifest
}

/** A tar of these files with fixed owner, mode and time, so that equal content gives an equal archive. */
async function archive(files) {
  const tar = pack()
  for (const [name, content] of files) {
    tar.entry({ name, mode: 0o644, mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' }, Buffer.from(content))
  }
  tar.finalize()
  const chunks = []
  for await (const chunk of tar) chunks.push(chunk)
  return gzipSync(Buffer.concat(chunks), { level: 9 })
}

await mkdir(output, { recursive: true })
const built = new Set()
for (const { name } of (await readdir(join(root, 'plugins'), { withFileTypes: true })).filter((e) => e.isDirectory())) {
  const entry = join('plugins', name, 'src', 'index.ts')
  if (!existsSync(join(root, entry))) continue
  const script = await bundle(entry)
  const manifest = await manifestOf(entry, script)
  const file = `${manifest.id}-${manifest.version}.tgz`
  const bytes = await archive([
    ['manifest.json', JSON.stringify(manifest, null, 2) + '\n'],
    [manifest.main, script],
  ])
  await writeFile(join(output, `${file}.tmp`), bytes)
  await rename(join(output, `${file}.tmp`), join(output, file))
  built.add(file)
  console.log(`plugin ${manifest.id} ${manifest.version}: script ${script.length} bytes, archive ${bytes.length} bytes`)
}
for (const file of await readdir(output)) if (!built.has(file)) await rm(join(output, file))
