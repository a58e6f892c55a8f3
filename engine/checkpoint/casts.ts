import type { Dtype } from '../protocol/passport.ts'
import { dtypeBytes } from './formats/dtypes.ts'
import { loadKernel, type Kernel, type KernelExports } from './kernel/kernel.ts'

/**
 * Casts between the three weight dtypes, round to nearest even as torch does: many elements in the kernel, a few, or the
 * last ones, here: 16-bit sources through tables of all 65536 values, fp32 sources through integer arithmetic.
 */

const HALF_VALUES = 0x10000
const FP16_INFINITY = 0x7c00
const FP16_QUIET = 0x7e00
const BF16_QUIET = 0x7fc0

const scratchFloat = new Float32Array(1)
const scratchBits = new Uint32Array(scratchFloat.buffer)

/** Bits of an fp16 value as bits of the equal fp32 value. */
function fp16ToFp32Bits(half: number): number {
  const sign = (half & 0x8000) << 16
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0
  scratchFloat[0] = fraction * 2 ** -24
  return (sign | (scratchBits[0] ?? 0)) >>> 0
}

/** Bits of an fp32 value rounded to fp16. Values that round to 65520 or more become infinite; NaN stays NaN. */
function fp32BitsToFp16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | FP16_QUIET
  if (magnitude >= 0x477ff000) return sign | FP16_INFINITY
  if (magnitude >= 0x38800000) {
    const odd = (magnitude >>> 13) & 1
    return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13)
  }
  // Subnormal: the fraction with its hidden bit, shifted to units of 2^-24.
  const shift = 126 - (magnitude >>> 23)
  if (shift > 24) return sign
  const fraction = (magnitude & 0x7fffff) | 0x800000
  const kept = fraction >>> shift
  const rest = fraction & ((1 << shift) - 1)
  const half = 1 << (shift - 1)
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0))
}

/** Bits of an fp32 value rounded to bf16. */
function fp32BitsToBf16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) & 0x8000) | BF16_QUIET
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff
}

const isInfiniteFp16 = (half: number): boolean => (half & 0x7fff) === FP16_INFINITY
const isFiniteBf16 = (half: number): boolean => (half & 0x7f80) !== 0x7f80

/** Built on first use: most runs need none or one of them. */
function lazyTable<T extends Uint16Array | Uint32Array>(make: () => T, value: (half: number) => number): () => T {
  let table: T | undefined
  return () => {
    if (table === undefined) {
      table = make()
      for (let half = 0; half < HALF_VALUES; half++) table[half] = value(half)
    }
    return table
  }
}

const make16 = (): Uint16Array => new Uint16Array(HALF_VALUES)
const make32 = (): Uint32Array => new Uint32Array(HALF_VALUES)
const fp16ToFp32 = lazyTable(make32, fp16ToFp32Bits)
const fp16ToBf16 = lazyTable(make16, (half) => fp32BitsToBf16(fp16ToFp32Bits(half)))
const bf16ToFp16 = lazyTable(make16, (half) => fp32BitsToFp16((half << 16) >>> 0))

const view16 = (bytes: Uint8Array): Uint16Array => new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2)
const view32 = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)

/** Casts all elements of `from` into `into` and returns how many finite values became infinite. */
type Cast = (from: Uint8Array, into: Uint8Array) => number

const narrowFromFp32 =
  (round: (bits: number) => number, isInfinite: (half: number) => boolean): Cast =>
  (from, into) => {
    const source = view32(from)
    const target = view16(into)
    let overflowed = 0
    for (let index = 0; index < source.length; index++) {
      const bits = source[index] as number
      const half = round(bits)
      target[index] = half
      if (isInfinite(half) && (bits & 0x7f800000) !== 0x7f800000) overflowed++
    }
    return overflowed
  }

const casts: Record<string, Cast> = {
  'fp16>fp32': (from, into) => {
    const table = fp16ToFp32()
    const source = view16(from)
    const target = view32(into)
    for (let index = 0; index < source.length; index++) target[index] = table[source[index] as number] as number
    return 0
  },
  'bf16>fp32': (from, into) => {
    const source = view16(from)
    const target = view32(into)
    for (let index = 0; index < source.length; index++) target[index] = (source[index] as number) << 16
    return 0
  },
  'fp16>bf16': (from, into) => {
    const table = fp16ToBf16()
    const source = view16(from)
    const target = view16(into)
    for (let index = 0; index < source.length; index++) target[index] = table[source[index] as number] as number
    return 0
  },
  'bf16>fp16': (from, into) => {
    const table = bf16ToFp16()
    const source = view16(from)
    const target = view16(into)
    let overflowed = 0
    for (let index = 0; index < source.length; index++) {
      const bits = source[index] as number
      const half = table[bits] as number
      target[index] = half
      if (isInfiniteFp16(half) && isFiniteBf16(bits)) overflowed++
    }
    return overflowed
  },
  'fp32>fp16': narrowFromFp32(fp32BitsToFp16, isInfiniteFp16),
  'fp32>bf16': narrowFromFp32(fp32BitsToBf16, (half) => (half & 0x7fff) === 0x7f80),
}

/** Fewer elements than this are cast before the kernel has them. */
const LEAST_FOR_KERNEL = 1024
/** Elements that the kernel works on at once: they stay in the processor's cache. */
const CHUNK = 8192
const LANES = 8

const kernelCasts: Record<string, keyof KernelExports & `cast${string}`> = {
  'fp16>fp32': 'castFp16ToFp32',
  'bf16>fp32': 'castBf16ToFp32',
  'fp16>bf16': 'castFp16ToBf16',
  'bf16>fp16': 'castBf16ToFp16',
  'fp32>fp16': 'castFp32ToFp16',
  'fp32>bf16': 'castFp32ToBf16',
}

let kernel: Kernel | undefined

/** @param elements a multiple of the kernel's lanes */
function castInKernel(from: Uint8Array, into: Uint8Array, elements: number, key: string, sizes: Sizes): number {
  kernel ??= loadKernel(2 * CHUNK * 4)
  const { memory, exports } = kernel
  const cast = exports[kernelCasts[key] as keyof KernelExports & `cast${string}`]
  let overflowed = 0
  for (let done = 0; done < elements; done += CHUNK) {
    const count = Math.min(CHUNK, elements - done)
    memory.set(from.subarray(done * sizes.from, (done + count) * sizes.from))
    overflowed += cast(0, CHUNK * 4, count) ?? 0
    into.set(memory.subarray(CHUNK * 4, CHUNK * 4 + count * sizes.into), done * sizes.into)
  }
  return overflowed
}

interface Sizes {
  readonly from: number
  readonly into: number
}

/**
 * Casts little-endian elements of one dtype into another. Both arrays start at a multiple of their element size.
 *
 * @returns how many finite values became infinite
 */
export function castInto(from: Uint8Array, fromDtype: Dtype, into: Uint8Array, intoDtype: Dtype): number {
  if (fromDtype === intoDtype) {
    into.set(from)
    return 0
  }
  const key = `${fromDtype}>${intoDtype}`
  const cast = casts[key]
  if (cast === undefined) throw new Error(`no cast from ${fromDtype} to ${intoDtype}`)
  const sizes = { from: dtypeBytes[fromDtype], into: dtypeBytes[intoDtype] }
  const elements = from.length / sizes.from
  if (elements < LEAST_FOR_KERNEL) return cast(from, into)
  const whole = elements - (elements % LANES)
  const overflowed = castInKernel(from, into, whole, key, sizes)
  if (whole === elements) return overflowed
  return overflowed + cast(from.subarray(whole * sizes.from), into.subarray(whole * sizes.into))
}
