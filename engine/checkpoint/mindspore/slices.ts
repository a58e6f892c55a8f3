import type { ParameterLayout } from './strategy.ts'

/** A box in a tensor: from `start`, `size` long, along each axis. */
export interface Region {
  readonly start: readonly number[]
  readonly size: readonly number[]
}

/** Where one device's slice lies: the pieces of each axis and which of them it is. */
export interface SlicePlace {
  readonly parts: readonly number[]
  readonly index: readonly number[]
}

/**
 * The slice of a device: its coordinates in the grid cut each axis that the tensor map names. Sharding by the optimizer
 * cuts axis 0 once more, within the slice: replicas, counted in the order of the grid, take turns.
 *
 * @param axes number of axes of the parameter
 * @param device number within the stage
 * @throws RangeError when the replicas cannot share the pieces
 */
export function slicePlace(layout: ParameterLayout | undefined, axes: number, device: number): SlicePlace {
  const parts = Array.from({ length: axes }, () => 1)
  const index = Array.from({ length: axes }, () => 0)
  if (layout === undefined || axes === 0) return { parts, index }
  const { devMatrix, tensorMap, optimizerShards } = layout
  const coordinates = gridCoordinates(devMatrix, device)
  const cutting = new Set<number>()
  for (let axis = 0; axis < Math.min(axes, tensorMap.length); axis++) {
    const dim = tensorMap[axis] ?? -1
    if (dim < 0) continue
    const at = devMatrix.length - 1 - dim
    parts[axis] = devMatrix[at] ?? 1
    index[axis] = coordinates[at] ?? 0
    cutting.add(at)
  }
  if (optimizerShards === 0) return { parts, index }
  let replicas = 1
  let replica = 0
  devMatrix.forEach((extent, at) => {
    if (cutting.has(at)) return
    replicas *= extent
    replica = replica * extent + (coordinates[at] ?? 0)
  })
  const shards = optimizerShards < 0 ? replicas : optimizerShards
  if (shards === 0 || replicas % shards !== 0) throw new RangeError(`${replicas} replicas, ${shards} optimizer shards`)
  parts[0] = (parts[0] ?? 1) * shards
  index[0] = (index[0] ?? 0) * shards + (replica % shards)
  return { parts, index }
}

/** Mixed radix, the last dimension fastest. A grid smaller than the stage is repeated. */
function gridCoordinates(devMatrix: readonly number[], device: number): number[] {
  const coordinates: number[] = []
  let rest = device
  for (const extent of devMatrix.toReversed()) {
    coordinates.unshift(rest % extent)
    rest = Math.floor(rest / extent)
  }
  return coordinates
}

/** The box of a slice in a tensor of this shape; undefined when an axis cannot be cut so. */
export function regionOf(shape: readonly number[], { parts, index }: SlicePlace): Region | undefined {
  if (shape.some((extent, axis) => extent % (parts[axis] ?? 1) !== 0)) return undefined
  const size = shape.map((extent, axis) => extent / (parts[axis] ?? 1))
  return { start: size.map((extent, axis) => extent * (index[axis] ?? 0)), size }
}

/** What two boxes share; undefined for nothing. */
export function intersect(a: Region, b: Region): Region | undefined {
  const start = a.start.map((from, axis) => Math.max(from, b.start[axis] ?? 0))
  const size = start.map(
    (from, axis) =>
      Math.min((a.start[axis] ?? 0) + (a.size[axis] ?? 0), (b.start[axis] ?? 0) + (b.size[axis] ?? 0)) - from,
  )
  return size.every((extent) => extent > 0) ? { start, size } : undefined
}

/**
 * Copies the part `box` of a tensor from one box of it to another, both row-major.
 *
 * @param element bytes of an element
 */
export function copyBox(
  box: Region,
  from: { readonly bytes: Buffer; readonly region: Region },
  into: { readonly bytes: Buffer; readonly region: Region },
  element: number,
): void {
  const axes = box.size.length
  if (axes === 0) {
    from.bytes.copy(into.bytes, 0, 0, element)
    return
  }
  const run = (box.size[axes - 1] ?? 1) * element
  const offset = (region: Region, position: readonly number[]): number =>
    position.reduce((sum, at, axis) => sum * (region.size[axis] ?? 1) + at - (region.start[axis] ?? 0), 0) * element
  const position = [...box.start]
  for (;;) {
    const source = offset(from.region, position)
    from.bytes.copy(into.bytes, offset(into.region, position), source, source + run)
    let axis = axes - 2
    for (; axis >= 0; axis--) {
      const at = (position[axis] ?? 0) + 1
      if (at < (box.start[axis] ?? 0) + (box.size[axis] ?? 0)) {
        position[axis] = at
        break
      }
      position[axis] = box.start[axis] ?? 0
    }
    if (axis < 0) return
  }
}
