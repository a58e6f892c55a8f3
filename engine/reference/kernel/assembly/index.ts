/**
 * The numeric kernel of the reference runtime: AssemblyScript, compiled to WebAssembly SIMD. All data lies in one
 * imported memory; every argument of type usize is a byte address that the caller has allocated. fp32, row-major.
 */
export { gemmNN, gemmNT, gemmTN } from './gemm'
export { softmaxRows, softmaxRowsBackward } from './softmax'
export { rmsNorm, rmsNormBackward } from './norm'
export { rotate } from './rotary'
export { swiglu, swigluBackward } from './swiglu'
export { crossEntropy } from './cross-entropy'
export { add, addBias, addColumnSums, gatherRows, scale, scatterAddRows, sumSquares } from './elementwise'
export { adamw } from './adamw'
