/**
 * The whole suite, from a fresh clone: set-up, checks, build, tests. `npm test [-- project …]` runs only the named
 * vitest projects (unit, renderer, integration, oracle, e2e) and leaves out the checks.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checks, runCheck } from './setup/checks.mjs'
import { nodeBinary, onProjectNode, toolEnvironment } from './setup/dependencies.mjs'
import { root, run, runOrExit } from './setup/run.mjs'
import { ensureSystemPackages } from './setup/system-packages.mjs'

await onProjectNode(fileURLToPath(import.meta.url))
await ensureSystemPackages()

const projects = ['unit', 'renderer', 'integration', 'oracle', 'e2e']
const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !projects.includes(name))
if (unknown.length > 0) {
  console.error(`Unknown project ${unknown.join(', ')}; there are ${projects.join(', ')}.`)
  process.exit(2)
}

const totals = { passed: 0, failed: 0, skipped: [] }
const heading = (text) => process.stdout.write(`\n── ${text} ──\n`)

if (chosen.length === 0) {
  heading('checks')
  for (const check of checks) totals[(await runCheck(check)) ? 'passed' : 'failed'] += 1
}
heading('build')
await runOrExit(nodeBinary, ['scripts/build.mjs'], { env: toolEnvironment() })

const reports = mkdtempSync(join(tmpdir(), 'awb-reports-'))
for (const project of chosen.length > 0 ? chosen : projects) {
  heading(project)
  const report = join(reports, `${project}.json`)
  const code = await run(
    nodeBinary,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '--project',
      project,
      '--reporter',
      'default',
      '--reporter',
      './tests/summary-reporter.ts',
    ],
    { env: toolEnvironment({ AWB_TEST_REPORT: report, NO_COLOR: '1' }) },
  )
  count(report, project, code)
}
rmSync(reports, { recursive: true })

if (totals.skipped.length > 0) {
  heading('skipped')
  for (const { name, reason } of totals.skipped) process.stdout.write(`- ${name}: ${reason}\n`)
}
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped.length} skipped\n`)
process.exit(totals.failed > 0 ? 1 : 0)

/** A runner that ended badly without a failed test (a crash, a file that does not load) is one failure. */
function count(report, project, code) {
  let result
  try {
    result = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    result = { passed: 0, failed: 0, skipped: [] }
  }
  totals.passed += result.passed
  totals.failed += result.failed
  totals.skipped.push(...result.skipped)
  if (code !== 0 && result.failed === 0) {
    process.stdout.write(`✗ ${project} ended with ${code}\n`)
    totals.failed += 1
  }
}
