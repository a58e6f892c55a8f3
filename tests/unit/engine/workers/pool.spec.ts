import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { PreprocessSpec } from '#engine/protocol/tasks.ts'
import { ThreadPool } from '#engine/workers/pool.ts'

const tokenizer = fileURLToPath(new URL('../../../../resources/sample/tokenizer', import.meta.url))
const spec = (folder: string) =>
  PreprocessSpec.parse({ input: '', outputPrefix: '', handler: 'alpaca', template: 'llama2', tokenizer: folder })
const request = (text: string) => ({
  kind: 'encode',
  block: { kind: 'rows', rows: [{ row: 1, line: 1, bytes: 1, value: { instruction: text, input: '', output: 'b' } }] },
  buffers: [],
})

let pool: ThreadPool<unknown, { block: { tokens: number } }> | undefined
afterEach(() => pool?.close())

describe('ThreadPool', { timeout: 30_000 }, () => {
  it('answers more requests than it has threads, each with its own reply', async () => {
    pool = new ThreadPool('encode', 2, { spec: spec(tokenizer) })
    const texts = ['a', 'a b c', 'a b c d e f', 'a', 'a b c']
    const replies = await Promise.all(texts.map((text) => pool?.run(request(text))))
    const [one, three, six] = replies.map((reply) => reply?.block.tokens ?? 0)
    expect(replies.map((reply) => reply?.block.tokens)).toEqual([one, three, six, one, three])
    expect(new Set([one, three, six]).size).toBe(3)
  })

  it('tells who asked of errors, those of the start as well', async () => {
    pool = new ThreadPool('encode', 1, { spec: spec('/nowhere') })
    await expect(pool.run(request('a'))).rejects.toMatchObject({ code: 'file.missing', params: { path: '/nowhere' } })
  })

  it('rejects what is under way when it is closed, and what comes later', async () => {
    pool = new ThreadPool('encode', 1, { spec: spec(tokenizer) })
    const first = pool.run(request('a'))
    const second = pool.run(request('b'))
    const both = Promise.allSettled([first, second])
    await pool.close()
    const cancelled = { status: 'rejected', reason: { code: 'cancelled' } }
    expect(await both).toMatchObject([cancelled, cancelled])
    await expect(pool.run(request('c'))).rejects.toMatchObject({ code: 'cancelled' })
  })
})
