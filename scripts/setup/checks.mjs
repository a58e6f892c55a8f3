import { join } from 'node:path'
import { nodeBinary, toolEnvironment } from './dependencies.mjs'
import { root, run } from './run.mjs'

const tool = (...path) => join(root, 'node_modules', ...path)

/** The checks in the order of their speed; each is one line of the summary. */
export const checks = [
  { name: 'kernel', args: ['scripts/build-kernel.mjs'] },
  { name: 'format', args: [tool('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level', 'warn', '.'] },
  {
    name: 'imports',
    args: [
      tool('dependency-cruiser', 'bin', 'dependency-cruiser.mjs'),
      '--config',
      '.dependency-cruiser.cjs',
      '--output-type',
      'err',
      'engine',
      'plugins',
      'main',
      'preload',
      'renderer/src',
    ],
  },
  { name: 'lint', args: [tool('eslint', 'bin', 'eslint.js'), '--max-warnings', '0', '.'] },
  { name: 'types', args: [tool('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json'] },
  { name: 'types of the page', args: [tool('vue-tsc', 'bin', 'vue-tsc.js'), '-p', 'tsconfig.renderer.json'] },
]

/** True when the check passed; its findings go to the terminal. */
export async function runCheck({ name, args }) {
  const started = Date.now()
  const code = await run(nodeBinary, args, { env: toolEnvironment() })
  process.stdout.write(`${code === 0 ? '✓' : '✗'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`)
  return code === 0
}
