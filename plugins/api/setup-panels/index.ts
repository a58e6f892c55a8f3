/** Panels that prepare a host. */
export { containerPanel } from './container.ts'
export { driverMounts, type ContainerFamily, type FrameworkCheck } from './container-family.ts'
export { driverPanel } from './driver.ts'
export { imagePanel, type ImageFamily } from './image.ts'
