/** Weight panels that any family gets by calling these with its sizes and layouts. */
export { checkPanel } from './check.ts'
export { convertPanel } from './convert.ts'
export { mergeLoraPanel } from './merge-lora.ts'
export { mergeRanksPanel } from './merge-ranks.ts'
export { splitPanel } from './split.ts'
export { familySizes, type BuiltPanel, type WeightFamily, type WeightSize } from './weights.ts'
