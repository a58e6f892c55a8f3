import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { gatherWrites } from '#main/links/gather-writes.ts'

describe('writes of one turn', () => {
  it('go out together, in their order, and those of the next turn after them', async () => {
    const written: string[] = []
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written.push(chunk.toString())
        done()
      },
      writev: (pieces, done) => {
        written.push(pieces.map(({ chunk }) => (chunk as Buffer).toString()).join('+'))
        done()
      },
    })
    gatherWrites(stream)
    for (const text of ['a', 'b', 'c']) stream.write(text)
    expect(written).toEqual([])
    await new Promise(setImmediate)
    expect(written).toEqual(['a+b+c'])
    const { promise, resolve } = Promise.withResolvers<undefined>()
    stream.write('d', () => resolve(undefined))
    await promise
    stream.write('e')
    stream.end('f')
    await new Promise(setImmediate)
    expect(written.join(' ')).toBe('a+b+c d e+f')
  })
})
