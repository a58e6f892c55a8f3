/** Weight panels that any family gets by calling these with its sizes and layouts. */
export { convertPanel } from './convert.ts'
export { familySizes, type BuiltPanel, type WeightFamily, type WeightSize } from './weights.ts'
