import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase } from 'vitest/node'

/** Writes counts, and the reason of every skip, to the file named by AWB_TEST_REPORT. */
export default class SummaryReporter implements Reporter {
  #passed = 0
  #failed = 0
  readonly #skipped: { name: string; reason: string }[] = []

  onTestCaseResult(test: TestCase): void {
    const result = test.result()
    if (result.state === 'passed') this.#passed++
    else if (result.state === 'failed') this.#failed++
    else
      this.#skipped.push({
        name: test.fullName,
        reason: (result.state === 'skipped' && result.note) || 'see its name',
      })
  }

  onTestRunEnd(): void {
    const path = process.env.AWB_TEST_REPORT
    const report = { passed: this.#passed, failed: this.#failed, skipped: this.#skipped }
    if (path) writeFileSync(path, JSON.stringify(report))
  }
}
