import type { Address } from '../kernel/kernel.ts'
import { elementCount, type Parameter } from './parameters.ts'

interface Slot {
  readonly parameter: Parameter
  /** In floats, from the start of the block. */
  readonly offset: number
  readonly count: number
}

/**
 * Parameters one behind the other without gaps. Weights, gradients and moments are blocks of the same layout at
 * different addresses, so that an optimizer step or a sum over threads is one pass.
 */
export class ParameterLayout {
  readonly slots: readonly Slot[]
  readonly count: number
  /** Floats at the start of the block that weight decay applies to (matrices). */
  readonly decayedCount: number
  readonly #byName: ReadonlyMap<string, Slot>

  constructor(parameters: readonly Parameter[]) {
    let offset = 0
    this.slots = parameters.map((parameter) => {
      const slot = { parameter, offset, count: elementCount(parameter.shape) }
      offset += slot.count
      return slot
    })
    this.count = offset
    this.decayedCount = this.slots.reduce((sum, slot) => sum + (slot.parameter.shape.length > 1 ? slot.count : 0), 0)
    this.#byName = new Map(this.slots.map((slot) => [slot.parameter.name, slot]))
  }

  /** Address of a parameter in a block that starts at `block`; 0 when the block is none or does not hold it. */
  find(block: Address, name: string): Address {
    const slot = this.#byName.get(name)
    return block === 0 || slot === undefined ? 0 : block + slot.offset * 4
  }
}
