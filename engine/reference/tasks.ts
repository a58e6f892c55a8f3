export { createSampleCheckpoint } from './create.ts'
export { trainReference } from './training/train.ts'
export { generateReference } from './generation/generate.ts'
export { perplexityReference } from './training/perplexity.ts'
