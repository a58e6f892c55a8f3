/**
 * The numeric kernel of checkpoints: AssemblyScript, compiled to WebAssembly SIMD. All data lies in one imported memory;
 * every argument of type usize is a byte address.
 */
export { castBf16ToFp16, castBf16ToFp32, castFp16ToBf16, castFp16ToFp32, castFp32ToBf16, castFp32ToFp16 } from './casts'
export { mergeBf16, mergeFp16, mergeFp32 } from './merge'
export { multiplyAdd, product, productByFp64 } from './product'
