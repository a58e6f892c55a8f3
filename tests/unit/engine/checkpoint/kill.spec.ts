import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { summarizeCheckpoint } from '../../../../engine/checkpoint/inspect.ts'
import { convertCheckpoint } from '../../../../engine/checkpoint/tasks.ts'
import { fixture, recordingContext, temporaryFolder } from '../../../fixtures/checkpoint/helpers.ts'

const target = { layout: 'mcore', tp: 2, pp: 2, vocabDivisor: 1 } as const
const input = fixture('llama2-mha-fp16')

/** Runs a conversion and kills it at its nth progress report. */
async function killAtReport(output: string, nth: number): Promise<void> {
  const spec = JSON.stringify({ input, output, target })
  const child = spawn(process.execPath, [fixture('convert-process.ts'), spec, String(nth)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  child.stdout.once('data', () => child.kill('SIGKILL'))
  const [code, signal] = (await exit) as [number | null, string | null]
  expect([code, signal]).toEqual([null, 'SIGKILL'])
}

describe('a killed conversion', () => {
  it.each([1, 17, 40])(
    'leaves no output, only what is plainly partial and goes with the next run (at report %i)',
    async (nth) => {
      using folder = temporaryFolder()
      const output = join(folder.path, 'out')
      await killAtReport(output, nth)
      expect(readdirSync(folder.path)).toEqual([
        expect.stringMatching(/^\.out\.awb-partial-[0-9a-f]{8}-\d+-[0-9a-f]{8}$/),
      ])
      await convertCheckpoint({ input, output, target }, recordingContext())
      expect((await summarizeCheckpoint(output)).problems).toEqual([])
      expect(readdirSync(folder.path)).toEqual(['out'])
    },
    30_000,
  )
})
