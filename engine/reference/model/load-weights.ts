import type { ModelShape } from '../../protocol/passport.ts'
import type { Arena } from '../kernel/arena.ts'
import type { Address } from '../kernel/kernel.ts'
import type { ParameterLayout } from './parameter-block.ts'

/** Where weights come from: an open checkpoint of any layout, or a model in memory. */
export interface WeightSource {
  readonly model: ModelShape
  readFloat32(name: string): Promise<Float32Array>
}

/** Fills the block with the source's parameters, one after the other. */
export async function loadWeights(
  arena: Arena,
  layout: ParameterLayout,
  block: Address,
  source: WeightSource,
): Promise<void> {
  for (const { parameter, offset, count } of layout.slots) {
    const values = await source.readFloat32(parameter.name)
    if (values.length !== count) {
      throw new RangeError(`${parameter.name} has ${values.length} elements, ${count} are expected`)
    }
    arena.floats(block + offset * 4, count).set(values)
  }
}
