import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { IndexedWriter } from '#engine/dataset/indexed/write.ts'
import type { TaskContext } from '#engine/tasks/context.ts'
import { runTask } from '#engine/tasks/registry.ts'

let folder = ''
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'awb-data-tasks-'))))
afterEach(() => rm(folder, { recursive: true, force: true }))

function recorded(): { context: TaskContext; lines: string[]; artifacts: string[] } {
  const lines: string[] = []
  const artifacts: string[] = []
  const context: TaskContext = {
    signal: new AbortController().signal,
    log: (line) => lines.push(line),
    progress: () => undefined,
    metric: () => undefined,
    artifact: (artifact) => artifacts.push(artifact.path),
  }
  return { context, lines, artifacts }
}

async function part(name: string, tokens: number[]): Promise<void> {
  const writer = await IndexedWriter.create(path.join(folder, name))
  writer.addSequence(Int32Array.from(tokens))
  writer.endDocument()
  await writer.finish()
}

describe('the task dataset.merge', () => {
  it('joins the parts and says which, and that parts without passports give none', async () => {
    await part('a_text_document', [1, 2])
    await part('b_text_document', [3])
    const { context, lines, artifacts } = recorded()
    const outputPrefix = path.join(folder, 'out', 'all')
    const result = await runTask('dataset.merge', { input: folder, keys: ['text_document'], outputPrefix }, context)
    expect(result).toMatchObject({ prefix: outputPrefix, passport: null })
    const data = await readFile(`${outputPrefix}_text_document.bin`)
    expect([0, 1, 2].map((i) => data.readInt32LE(i * 4))).toEqual([1, 2, 3])
    expect(lines[0]).toContain('a_text_document')
    expect(lines.at(-1)).toContain('has none')
    expect(artifacts).toEqual([])
  })

  it('wants at least one key', async () => {
    const spec = { input: folder, keys: [], outputPrefix: path.join(folder, 'all') }
    await expect(runTask('dataset.merge', spec, recorded().context)).rejects.toMatchObject({ code: 'input.invalid' })
  })
})

describe('the task dataset.conversations', () => {
  const rows = [{ instruction: 'Name a colour.', input: 'of the sky', output: 'Blue' }]

  it.each([
    ['llama', '[\n  {\n    "id": "1",\n    "conversations": ['],
    ['qwen1.5', '{"type": "chatml", "messages": [{"role": "system"'],
  ])('writes what the preprocessor of %s reads', async (style, start) => {
    const input = path.join(folder, 'alpaca.json')
    const output = path.join(folder, 'conversations')
    await writeFile(input, JSON.stringify(rows))
    expect(await runTask('dataset.conversations', { input, output, style }, recorded().context)).toEqual({
      output,
      rows: 1,
    })
    expect((await readFile(output, 'utf8')).startsWith(start)).toBe(true)
  })

  it('names the row that cannot be converted, and leaves an older file as it was', async () => {
    const input = path.join(folder, 'alpaca.json')
    const output = path.join(folder, 'conversations.json')
    await writeFile(output, 'older')
    await writeFile(input, JSON.stringify([...rows, { instruction: 'x' }]))
    const spec = { input, output, style: 'llama' }
    await expect(runTask('dataset.conversations', spec, recorded().context)).rejects.toMatchObject({
      code: 'dataset.rowRejected',
      params: { row: 2 },
    })
    expect(await readFile(output, 'utf8')).toBe('older')
  })
})
