/** Tests never touch the state of the person who runs them, and leave nothing behind. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const before = process.env.AWB_HOME
const home = mkdtempSync(join(tmpdir(), 'awb-test-'))
process.env.AWB_HOME = home

afterAll(() => {
  if (before === undefined) delete process.env.AWB_HOME
  else process.env.AWB_HOME = before
  rmSync(home, { recursive: true, force: true })
})
