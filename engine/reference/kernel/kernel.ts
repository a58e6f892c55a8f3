import { kernelBase64 } from './kernel.generated.ts'

/** A byte address in the arena's memory. */
export type Address = number

type Gemm = (
  m: number,
  n: number,
  k: number,
  a: Address,
  lda: number,
  b: Address,
  ldb: number,
  c: Address,
  ldc: number,
  accumulate: boolean,
  scratch: Address,
) => void

/** The functions of `assembly/`, where each is described. All data is fp32 and row-major. */
export interface Kernel {
  gemmNN: Gemm
  gemmNT: Gemm
  gemmTN: Gemm
  softmaxRows(
    scores: Address,
    rows: number,
    columns: number,
    ld: number,
    factor: number,
    firstQuery: number,
    firstKey: number,
    window: number,
  ): void
  softmaxRowsBackward(p: Address, dp: Address, rows: number, columns: number, ld: number, factor: number): void
  rmsNorm(x: Address, w: Address, y: Address, rstd: Address, rows: number, n: number, epsilon: number): void
  rmsNormBackward(
    x: Address,
    w: Address,
    rstd: Address,
    dy: Address,
    dx: Address,
    dw: Address,
    rows: number,
    n: number,
  ): void
  rotate(
    x: Address,
    positions: Address,
    rows: number,
    heads: number,
    dim: number,
    cosines: Address,
    sines: Address,
    direction: 1 | -1,
  ): void
  swiglu(gate: Address, up: Address, out: Address, n: number): void
  swigluBackward(gate: Address, up: Address, dOut: Address, n: number): void
  crossEntropy(logits: Address, targets: Address, rows: number, n: number, gradScale: number): number
  add(x: Address, y: Address, n: number): void
  addBias(bias: Address, y: Address, rows: number, n: number): void
  addColumnSums(x: Address, sums: Address, rows: number, n: number): void
  gatherRows(table: Address, indices: Address, out: Address, rows: number, n: number): void
  scatterAddRows(table: Address, indices: Address, x: Address, rows: number, n: number): void
  scale(x: Address, n: number, factor: number): void
  sumSquares(x: Address, n: number): number
  adamw(
    weights: Address,
    gradients: Address,
    moment1: Address,
    moment2: Address,
    n: number,
    gradScale: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    weightDecay: number,
    correction1: number,
    correction2: number,
  ): void
}

/** Floats of scratch memory that a product with inner dimension k needs. */
export const gemmScratch = (k: number): number => (k + 4) * 8

let compiled: WebAssembly.Module | undefined

/** The kernel on a memory. Instances on one shared memory may run in different threads at the same time. */
export function loadKernel(memory: WebAssembly.Memory): Kernel {
  compiled ??= new WebAssembly.Module(Buffer.from(kernelBase64, 'base64'))
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory }, 'cross-entropy': { log: Math.log } })
  return exports as unknown as Kernel
}
