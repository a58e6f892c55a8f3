import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Scrollback } from '../../../../engine/terminals/scrollback.ts'

it('keeps at least the limit, and every byte under its own number', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 100 }),
      fc.nat(400),
      fc.integer({ min: 1, max: 50 }),
      (chunks, limit, from, most) => {
        const kept = new Scrollback(limit)
        for (const chunk of chunks) kept.push(Buffer.from(chunk))
        const whole = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)))
        expect(kept.end).toBe(whole.length)
        expect(kept.end - kept.start).toBeGreaterThanOrEqual(Math.min(limit, whole.length))
        const { offset, data } = kept.read(from, most)
        expect(offset).toBe(Math.max(from, kept.start))
        expect(data.equals(whole.subarray(offset, offset + most))).toBe(true)
      },
    ),
  )
})
