/** Panels that prepare a host. */
export { containerPanel } from './container.ts'
export { driverMounts, type ContainerFamily, type FrameworkCheck } from './container-family.ts'
export { dockerPanel } from './docker/docker.ts'
export { driverPanel } from './driver.ts'
export { imagePanel, type ImageFamily } from './image.ts'
export { mindFormers, mindSpeedLlm, modelLink, sourcesPanel } from './sources/index.ts'
export type { Source, SourceFamily, SourceStack } from './sources/index.ts'
