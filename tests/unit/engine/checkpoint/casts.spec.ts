import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { castInto } from '../../../../engine/checkpoint/casts.ts'
import { dtypeBytes } from '../../../../engine/checkpoint/formats/dtypes.ts'
import type { Dtype } from '../../../../engine/protocol/passport.ts'

const allHalves = new Uint16Array(0x10000).map((_, index) => index)
const bytesOf = (values: Uint16Array | Uint32Array | Float32Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

function cast(from: Uint8Array, fromDtype: Dtype, intoDtype: Dtype): { bytes: Uint8Array; overflowed: number } {
  const bytes = new Uint8Array((from.length / dtypeBytes[fromDtype]) * dtypeBytes[intoDtype])
  return { bytes, overflowed: castInto(from, fromDtype, bytes, intoDtype) }
}

const halves = (bytes: Uint8Array): Uint16Array => new Uint16Array(bytes.buffer)
const floats = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.buffer)
const isNaNHalf = (half: number): boolean => (half & 0x7c00) === 0x7c00 && (half & 0x3ff) !== 0
const isNaNBf16 = (half: number): boolean => (half & 0x7f80) === 0x7f80 && (half & 0x7f) !== 0

/** The first of the 65536 patterns for which something does not hold, as hex; undefined where it holds for all. */
function firstWrong(holds: (half: number) => boolean): string | undefined {
  for (let half = 0; half < 0x10000; half++) if (!holds(half)) return `0x${half.toString(16)}`
  return undefined
}

/** The value nearest to `value` among the 65536, ties to the even pattern: the definition, by the platform's doubles. */
const roundToHalf = (value: number): number => new Uint16Array(new Float16Array([value]).buffer)[0]!

describe('castInto', () => {
  it('widens every fp16 value to the equal fp32 value', () => {
    const widened = floats(cast(bytesOf(allHalves), 'fp16', 'fp32').bytes)
    const expected = new Float16Array(allHalves.buffer)
    expect(firstWrong((half) => Object.is(widened[half], expected[half]))).toBeUndefined()
  })

  it('widens every bf16 value to the equal fp32 value and back', () => {
    const widened = cast(bytesOf(allHalves), 'bf16', 'fp32').bytes
    const back = halves(cast(widened, 'fp32', 'bf16').bytes)
    const isKept = (half: number): boolean => (isNaNBf16(half) ? isNaNBf16(back[half]!) : back[half] === half)
    expect(firstWrong(isKept)).toBeUndefined()
  })

  it('brings every fp16 value back unchanged from fp32, NaN as NaN of the same sign', () => {
    const back = halves(cast(cast(bytesOf(allHalves), 'fp16', 'fp32').bytes, 'fp32', 'fp16').bytes)
    const isKept = (half: number): boolean =>
      isNaNHalf(half) ? isNaNHalf(back[half]!) && back[half]! >> 15 === half >> 15 : back[half] === half
    expect(firstWrong(isKept)).toBeUndefined()
  })

  it('rounds every bf16 value to the nearest fp16 and counts those that become infinite', () => {
    const { bytes, overflowed } = cast(bytesOf(allHalves), 'bf16', 'fp16')
    const rounded = halves(bytes)
    const values = floats(cast(bytesOf(allHalves), 'bf16', 'fp32').bytes)
    const isNearest = (half: number): boolean =>
      Number.isNaN(values[half]!) ? isNaNHalf(rounded[half]!) : rounded[half] === roundToHalf(values[half]!)
    expect(firstWrong(isNearest)).toBeUndefined()
    expect(overflowed).toBe(values.filter((value) => Number.isFinite(value) && Math.abs(value) >= 65520).length)
  })

  it('rounds every fp16 value to the nearest bf16 as a detour over fp32 does', () => {
    const direct = halves(cast(bytesOf(allHalves), 'fp16', 'bf16').bytes)
    const detour = halves(cast(cast(bytesOf(allHalves), 'fp16', 'fp32').bytes, 'fp32', 'bf16').bytes)
    expect(direct).toEqual(detour)
  })

  it('rounds fp32 to fp16 at every border between neighbours: below, at and above the middle', () => {
    const borders: number[] = []
    for (let half = 0; half < 0x7c00; half++) {
      const pair = new Float16Array(new Uint16Array([half, half + 1]).buffer)
      const middle = half + 1 === 0x7c00 ? 65520 : (pair[0]! + pair[1]!) / 2
      const below = new Float32Array([middle])
      const bits = new Uint32Array(below.buffer)
      for (const step of [-1, 0, 1]) {
        const probe = new Float32Array(new Uint32Array([bits[0]! + step]).buffer)[0]!
        borders.push(probe, -probe)
      }
    }
    const source = new Float32Array(borders)
    const rounded = halves(cast(bytesOf(source), 'fp32', 'fp16').bytes)
    const wrong = source.findIndex((value, index) => rounded[index] !== roundToHalf(value))
    expect(wrong === -1 ? undefined : source[wrong]).toBeUndefined()
  })

  it('rounds any fp32 to bf16 to the nearest, ties to even', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (pattern) => {
        const bits = pattern >>> 0
        const value = new Float32Array(new Uint32Array([bits]).buffer)[0]!
        fc.pre(Number.isFinite(value))
        const half = halves(cast(bytesOf(new Uint32Array([bits])), 'fp32', 'bf16').bytes)[0]!
        const truncated = bits >>> 16
        const rest = bits & 0xffff
        const isUp = rest > 0x8000 || (rest === 0x8000 && (truncated & 1) === 1)
        expect(half).toBe(isUp ? truncated + 1 : truncated)
      }),
      { seed: 7, numRuns: 2000 },
    )
  })

  it.each([
    ['fp16', 'fp32'],
    ['bf16', 'fp32'],
    ['fp16', 'bf16'],
    ['bf16', 'fp16'],
    ['fp32', 'fp16'],
    ['fp32', 'bf16'],
  ] as const)('gives the same for many elements at once as for a few, %s to %s', (from, into) => {
    const patterns = new Uint32Array(0x10003)
    let state = 12345
    for (let index = 0; index < patterns.length; index++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      // Every 16-bit pattern in the upper half, with the lower half at and around the middle, or anything.
      const low = [0, 0x7fff, 0x8000, 0x8001, 0x1000, 0x0fff, state >>> 16][index % 7]!
      patterns[index] = ((index << 16) | low) >>> 0
    }
    const values = from === 'fp32' ? patterns : new Uint16Array(patterns.map((bits) => bits >>> 16))
    const many = cast(bytesOf(values), from, into)
    const few = new Uint8Array(many.bytes.length)
    let overflowed = 0
    for (let at = 0; at < values.length; at += 100) {
      const part = values.slice(at, at + 100)
      const result = cast(bytesOf(part), from, into)
      few.set(result.bytes, at * dtypeBytes[into])
      overflowed += result.overflowed
    }
    expect(Buffer.compare(many.bytes, few)).toBe(0)
    expect(many.overflowed).toBe(overflowed)
  })

  it('copies when nothing is to be cast', () => {
    const { bytes, overflowed } = cast(bytesOf(allHalves), 'bf16', 'bf16')
    expect([bytes, overflowed]).toEqual([bytesOf(allHalves), 0])
  })
})
