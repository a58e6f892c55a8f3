import { execFileSync, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openInstructionDataset } from '#engine/dataset/indexed/read.ts'
import { preprocess } from '#engine/dataset/preprocess.ts'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const ROWS = 20_000

let folder = ''
let input = ''
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'awb-dataset-faults-'))
  input = path.join(folder, 'rows.jsonl')
  const row = (n: number) => JSON.stringify({ instruction: `What is rank ${n}?`, input: '', output: `Rank ${n}.` })
  await writeFile(input, Array.from({ length: ROWS }, (_, n) => row(n)).join('\n'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const specTo = (outputPrefix: string) =>
  PreprocessSpec.parse({
    input,
    outputPrefix,
    handler: 'alpaca',
    template: 'llama2',
    tokenizer: path.join(repository, 'resources/sample/tokenizer'),
  })

const idle = { signal: new AbortController().signal, advance: () => undefined }

/** A file system of a few hundred kilobytes, or why there is none. */
function mountTiny(at: string): string | null {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', at], { stdio: 'pipe' })
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Runs a preprocessing in a process of its own, and kills it at a moment that the number decides. */
async function runAndKill(spec: PreprocessSpec, round: number): Promise<NodeJS.Signals | null> {
  const script = path.join(repository, 'tests/fixtures/dataset/run-preprocess.ts')
  const child = spawn(process.execPath, [script, JSON.stringify(spec)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  let lines = 0
  child.stdout.on('data', () => {
    lines++
    if (lines === 1 + (round % 4)) setTimeout(() => child.kill('SIGKILL'), (round * 37) % 120)
  })
  return await ended
}

describe('preprocessing', () => {
  it.for([1, 2])('leaves nothing on a disk that is full, with %i workers', async (workers, { skip }) => {
    const disk = path.join(folder, 'disk')
    await mkdir(disk)
    const reason = mountTiny(disk)
    if (reason !== null) skip(`a small file system cannot be mounted here: ${reason}`)
    try {
      const prefix = path.join(disk, 'data', 'out')
      await expect(preprocess({ ...specTo(prefix), workers }, idle)).rejects.toMatchObject({ code: 'file.full' })
      expect(await readdir(path.join(disk, 'data'))).toEqual([])
    } finally {
      execFileSync('umount', [disk])
    }
  })

  it(
    'leaves no part of a dataset whenever it is killed, and the next run starts afresh',
    { timeout: 180_000 },
    async () => {
      const prefix = path.join(folder, 'made', 'out')
      const names = (list: string[]) => list.filter((name) => !name.startsWith('.'))
      let killed = 0
      for (let round = 0; round < 10; round++) {
        const signal = await runAndKill({ ...specTo(prefix), workers: 1 + (round % 2) }, round)
        const left = await readdir(path.dirname(prefix))
        if (signal === 'SIGKILL') killed++
        // The move may have been complete when the kill came.
        if (names(left).length > 0) {
          expect(names(left)).toHaveLength(7)
          await rm(path.dirname(prefix), { recursive: true })
        }
      }
      expect(killed).toBeGreaterThan(5)
      expect((await preprocess(specTo(prefix), idle)).samples).toBe(ROWS)
      const now = await readdir(path.dirname(prefix))
      expect(now.filter((name) => name.startsWith('.'))).toEqual([])
      expect(now).toHaveLength(7)
      const dataset = await openInstructionDataset(prefix)
      expect(dataset.length).toBe(ROWS)
      await dataset.close()
    },
  )
})
