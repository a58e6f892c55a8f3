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

describe('preprocessing', () => {
  it('leaves nothing on a disk that is full', async ({ skip }) => {
    const disk = path.join(folder, 'disk')
    await mkdir(disk)
    const reason = mountTiny(disk)
    if (reason !== null) skip(`a small file system cannot be mounted here: ${reason}`)
    try {
      const prefix = path.join(disk, 'data', 'out')
      await expect(preprocess(specTo(prefix), idle)).rejects.toMatchObject({ code: 'file.full' })
      expect(await readdir(path.join(disk, 'data'))).toEqual([])
    } finally {
      execFileSync('umount', [disk])
    }
  })

  it('leaves no dataset when it is killed, and the next run starts afresh', async () => {
    const prefix = path.join(folder, 'made', 'out')
    const script = path.join(repository, 'tests/fixtures/dataset/run-preprocess.ts')
    const child = spawn(process.execPath, [script, JSON.stringify(specTo(prefix))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise<NodeJS.Signals | null>((resolve) =>
      child.once('exit', (_code, signal) => resolve(signal)),
    )
    child.stdout.once('data', () => child.kill('SIGKILL'))
    expect(await ended).toBe('SIGKILL')
    const left = await readdir(path.dirname(prefix))
    expect(left.every((name) => name.startsWith('.'))).toBe(true)
    expect((await preprocess(specTo(prefix), idle)).samples).toBe(ROWS)
    const now = await readdir(path.dirname(prefix))
    expect(now.filter((name) => name.startsWith('.'))).toEqual([])
    expect(now).toHaveLength(7)
    const dataset = await openInstructionDataset(prefix)
    expect(dataset.length).toBe(ROWS)
    await dataset.close()
  })
})
