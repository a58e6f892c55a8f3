import type { ModelShape } from '../../protocol/passport.ts'
import type { Address } from '../kernel/kernel.ts'
import { linearShape, type LinearName, type LoraSettings } from './parameters.ts'

/** Low-rank update of a linear map: W + scale * B A, with A [rank, in] and B [out, rank]. */
export interface Lora {
  readonly rank: number
  readonly scale: number
  readonly a: Address
  readonly b: Address
}

/** y = x W^T + bias. Address 0 stands for "none": no bias, or, among gradients, a frozen matrix. */
export interface Linear {
  readonly outputs: number
  readonly inputs: number
  readonly weight: Address
  readonly bias: Address
  readonly lora: Lora | undefined
}

export interface LayerWeights extends Readonly<Record<LinearName, Linear>> {
  readonly inputNorm: Address
  readonly postNorm: Address
}

export interface DecoderWeights {
  readonly embedding: Address
  /** The same address as `embedding` when they are tied. */
  readonly output: Address
  readonly finalNorm: Address
  readonly layers: readonly LayerWeights[]
}

/** Where a parameter lies, by name; 0 for none. */
export type AddressLookup = (name: string) => Address

/** The addresses of weights, or equally of gradients, by their place in the network. */
export function bindWeights(shape: ModelShape, find: AddressLookup, lora?: LoraSettings): DecoderWeights {
  const linear = (layer: number, name: LinearName): Linear => {
    const [outputs, inputs] = linearShape(shape, name)
    const prefix = `layers.${layer}.${name}`
    return {
      outputs,
      inputs,
      weight: find(prefix),
      bias: find(`${prefix}.bias`),
      lora: lora?.targets.includes(name)
        ? { rank: lora.rank, scale: lora.alpha / lora.rank, a: find(`${prefix}.loraA`), b: find(`${prefix}.loraB`) }
        : undefined,
    }
  }
  const layers = Array.from({ length: shape.layers }, (_, i) => ({
    inputNorm: find(`layers.${i}.inputNorm`),
    postNorm: find(`layers.${i}.postNorm`),
    q: linear(i, 'q'),
    k: linear(i, 'k'),
    v: linear(i, 'v'),
    o: linear(i, 'o'),
    gate: linear(i, 'gate'),
    up: linear(i, 'up'),
    down: linear(i, 'down'),
  }))
  const embedding = find('embedding')
  return { embedding, output: shape.tiedEmbeddings ? embedding : find('output'), finalNorm: find('finalNorm'), layers }
}
