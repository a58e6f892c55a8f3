/** The panel that brings the sources and the Python of a framework to a host. */
export { sourcesPanel } from './sources.ts'
export { mindFormers, mindSpeedLlm, modelLink } from './stacks.ts'
export type { Source, SourceFamily, SourceStack } from './source-family.ts'
