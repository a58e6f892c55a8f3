/**
 * Compiles the kernels of the reference runtime and of checkpoints (AssemblyScript to WebAssembly SIMD), each into its
 * kernel.generated.ts, which holds it as base64, so that the engine stays one file. Does nothing where the sources have
 * not changed.
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const { version } = createRequire(import.meta.url)('assemblyscript/package.json')
const common = ['--optimizeLevel', '3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--importMemory']
// The memory is the caller's; 65536 pages (4 GiB) is the most that an import may declare.
const sharedMemory = ['--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536', '--noExportMemory']
const kernels = {
  'engine/reference/kernel': [...common, '--enable', 'threads', ...sharedMemory],
  'engine/checkpoint/kernel': [...common, '--enable', 'relaxed-simd', '--initialMemory', '1', '--noExportMemory'],
}

const DATA_SECTION = 11

for (const [path, options] of Object.entries(kernels)) {
  const folder = fileURLToPath(new URL(`../${path}`, import.meta.url))
  const output = join(folder, 'kernel.generated.ts')
  const sources = Object.fromEntries(
    readdirSync(join(folder, 'assembly'))
      .filter((name) => name.endsWith('.ts'))
      .toSorted()
      .map((name) => [name, readFileSync(join(folder, 'assembly', name), 'utf8')]),
  )
  const digest = createHash('sha256')
    .update(JSON.stringify([version, options, sources]))
    .digest('hex')
  const isUpToDate = existsSync(output) && readFileSync(output, 'utf8').startsWith(`// ${digest}\n`)
  if (!isUpToDate) await compile(sources, options, digest, output)
}

async function compile(sources, options, digest, output) {
  const { default: asc } = await import('assemblyscript/asc')
  let binary
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'kernel.wasm', ...options], {
    readFile: (name) => sources[name] ?? null,
    writeFile: (name, contents) => {
      if (name === 'kernel.wasm') binary = contents
    },
    listFiles: () => [],
  })
  if (error) {
    process.stderr.write(`${stderr.toString()}${error.message}\n`)
    process.exit(1)
  }
  if (hasSection(binary, DATA_SECTION)) throw new Error('The kernel has static data, which would overwrite the memory')
  const base64 = Buffer.from(binary).toString('base64')
  const temporary = `${output}.${process.pid}`
  writeFileSync(temporary, `// ${digest}\nexport const kernelBase64 =\n  '${base64}'\n`)
  renameSync(temporary, output)
}

/** Whether a WebAssembly binary has a section: after the 8 bytes of its preamble, each is an id, a LEB128 size, bytes. */
function hasSection(binary, wanted) {
  let at = 8
  while (at < binary.length) {
    const id = binary[at++]
    let size = 0
    let shift = 0
    do {
      size |= (binary[at] & 0x7f) << shift
      shift += 7
    } while (binary[at++] & 0x80)
    if (id === wanted) return true
    at += size
  }
  return false
}
