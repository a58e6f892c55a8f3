import { kernelBase64 } from './kernel.generated.ts'

/** A byte address in the kernel's memory. */
export type Address = number

type Cast = (from: Address, into: Address, elements: number) => number | undefined
type Merge = (weights: Address, product: Address, scale: number, elements: number) => void
type Product = (m: number, n: number, k: number, b: Address, a: Address, c: Address) => void

/** The functions of `assembly/`, where each is described. */
export interface KernelExports {
  castFp16ToFp32: Cast
  castBf16ToFp32: Cast
  castFp16ToBf16: Cast
  castBf16ToFp16: Cast
  castFp32ToFp16: Cast
  castFp32ToBf16: Cast
  mergeFp16: Merge
  mergeBf16: Merge
  mergeFp32: Merge
  product: Product
  productByFp64: Product
  multiplyAdd(x: number, y: number, z: number): number
}

/** An instance with its memory. */
export interface Kernel {
  readonly exports: KernelExports
  readonly memory: Buffer
}

const PAGE_BYTES = 65536

let compiled: WebAssembly.Module | undefined

/** A new instance with a memory of at least so many bytes. */
export function loadKernel(bytes: number): Kernel {
  compiled ??= new WebAssembly.Module(Buffer.from(kernelBase64, 'base64'))
  const pages = Math.ceil(bytes / PAGE_BYTES)
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: false })
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } })
  return { exports: exports as unknown as KernelExports, memory: Buffer.from(memory.buffer) }
}

/**
 * Whether a multiply-add of this processor rounds once: the square of 1 + 2^-12 needs 25 bits, of which the last one is
 * left when the other 24 are taken off.
 */
export function isFused({ exports }: Kernel): boolean {
  const x = 1 + 2 ** -12
  return exports.multiplyAdd(x, x, -(1 + 2 ** -11)) !== 0
}
