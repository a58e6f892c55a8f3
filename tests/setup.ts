/** Tests never touch the state of the person who runs them. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

process.env.AWB_HOME ??= mkdtempSync(join(tmpdir(), 'awb-test-'))
