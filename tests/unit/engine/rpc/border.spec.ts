import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import '#engine/rpc/node.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import { connect } from '#engine/rpc/connect.ts'
import { memoryTransports } from '#engine/rpc/memory.ts'
import { implement, serve } from '#engine/rpc/serve.ts'
import { call, state, stream, topic } from '#engine/rpc/topic.ts'

const counter = topic('counter', {
  add: call(z.object({ a: z.number(), b: z.number() }), z.number()),
  fail: call(z.object({}), z.object({})),
  hang: call(z.object({}), z.object({})),
  value: state(z.object({}), z.number(), z.object({ plus: z.number() })),
  count: stream(z.object({ from: z.number(), to: z.number() }), z.number()),
})

function setUp() {
  const listeners = new Set<(delta: { plus: number }) => void>()
  const seen = { value: 0, pushed: 0, aborted: false, streamAborted: false }
  const [near, far] = memoryTransports()
  const server = serve(far, [
    implement(counter, {
      add: ({ a, b }) => a + b,
      fail: () => {
        throw new AppError('file.missing', { path: '/x' })
      },
      hang: (_input, { signal }) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => {
            seen.aborted = true
            reject(new AppError('cancelled'))
          }),
        ),
      value: () => ({
        snapshot: () => seen.value,
        subscribe: (emit) => {
          listeners.add(emit)
          return { [Symbol.dispose]: () => void listeners.delete(emit) }
        },
      }),
      count: async ({ from, to }, sink, { signal }) => {
        signal.addEventListener('abort', () => (seen.streamAborted = true))
        for (let i = from; i < to; i++) {
          await sink.push(i)
          seen.pushed++
        }
      },
    }),
  ])
  const connection = connect(near)
  const plus = (n: number) => {
    seen.value += n
    for (const emit of listeners) emit({ plus: n })
  }
  return { client: connection.topic(counter), connection, server, seen, plus, listeners }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('a border', () => {
  it('answers calls and refuses wrong input with the field that is wrong', async () => {
    const { client } = setUp()
    expect(await client.add({ a: 1, b: 2 })).toBe(3)
    await expect(client.add({ a: 1, b: 'x' as unknown as number })).rejects.toMatchObject({
      code: 'input.invalid',
      params: { subject: 'counter.add', reason: expect.stringContaining('b:') },
    })
  })

  it('carries codes and parameters of errors', async () => {
    const { client } = setUp()
    await expect(client.fail({})).rejects.toMatchObject({ code: 'file.missing', params: { path: '/x' } })
  })

  it('cancels a call on both sides', async () => {
    const { client, seen } = setUp()
    const abort = new AbortController()
    const pending = client.hang({}, { signal: abort.signal })
    setTimeout(() => abort.abort(), 5)
    await expect(pending).rejects.toMatchObject({ code: 'cancelled' })
    await settled()
    expect(seen.aborted).toBe(true)
  })

  it('ends what is pending when the transport closes', async () => {
    const { client, connection, server } = setUp()
    const pending = client.hang({})
    server[Symbol.dispose]()
    await expect(pending).rejects.toMatchObject({ code: 'rpc.closed' })
    expect(connection.closed.aborted).toBe(true)
    await expect(client.add({ a: 1, b: 1 })).rejects.toMatchObject({ code: 'rpc.closed' })
  })

  it('sends a snapshot, then deltas, and stops after dispose', async () => {
    const { client, plus, listeners } = setUp()
    const got: unknown[] = []
    const watching = client.value({}, { snapshot: (s) => got.push(s), delta: (d) => got.push(d.plus) })
    await settled()
    plus(2)
    plus(3)
    await settled()
    expect(got).toEqual([0, 2, 3])
    watching[Symbol.dispose]()
    await settled()
    expect(listeners.size).toBe(0)
  })

  it('replaces a flood of deltas by a snapshot that is up to date', async () => {
    const { client, plus } = setUp()
    let value = -1
    using _watching = client.value({}, { snapshot: (s) => (value = s), delta: (d) => (value += d.plus) })
    await settled()
    for (let i = 0; i < 1000; i++) plus(1)
    await settled()
    expect(value).toBe(1000)
  })

  it('delivers every item of a stream in order', async () => {
    const { client } = setUp()
    const got: number[] = []
    for await (const item of client.count({ from: 5, to: 505 })) got.push(item)
    expect(got).toEqual(Array.from({ length: 500 }, (_, i) => i + 5))
  })

  it('holds the producer back while the reader is slow', async () => {
    const { client, seen } = setUp()
    const items = client.count({ from: 0, to: 10_000 })[Symbol.asyncIterator]()
    await items.next()
    await settled()
    expect(seen.pushed).toBeLessThan(40)
    await items.return?.(undefined)
    await settled()
    expect(seen.streamAborted).toBe(true)
  })

  it('answers an unknown call with a code', async () => {
    const { connection } = setUp()
    const newer = connection.topic(topic('counter', { reset: call(z.object({}), z.object({})) }))
    await expect(newer.reset({})).rejects.toMatchObject({ code: 'rpc.unknown', params: { name: 'counter.reset' } })
  })

  it('ends a state whose values cannot be read, and one whose observer fails', async () => {
    const { connection, client, listeners } = setUp()
    const older = connection.topic(topic('counter', { value: state(z.object({}), z.string(), z.string()) }))
    const errors: unknown[] = []
    older.value({}, { snapshot: () => undefined, delta: () => undefined, error: (error) => errors.push(error) })
    const failing = () => {
      throw new Error('no such chart')
    }
    client.value({}, { snapshot: failing, delta: () => undefined, error: (error) => errors.push(error) })
    await settled()
    expect(errors).toMatchObject([{ code: 'input.invalid' }, { message: 'no such chart' }])
    expect(listeners.size).toBe(0)
  })

  it('answers an unknown subscription with a code', async () => {
    const { connection } = setUp()
    const other = connection.topic(topic('other', { s: stream(z.object({}), z.number()) }))
    await expect(other.s({})[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'rpc.unknown' })
  })
})
