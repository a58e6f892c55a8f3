import type { CanonicalName } from '../../checkpoint/checkpoint.ts'
import type { ModelShape } from '../../protocol/passport.ts'
import type { TaskSpec } from '../../protocol/tasks.ts'

export type LoraSettings = NonNullable<TaskSpec<'reference.train'>['lora']>
export type LinearName = LoraSettings['targets'][number]

export interface Parameter {
  /** Canonical, or `layers.<i>.<linear>.loraA` [rank, in] and `loraB` [out, rank]. */
  readonly name: CanonicalName
  readonly shape: readonly number[]
}

export const linearNames = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const satisfies readonly LinearName[]

/** [out, in] of the linear maps of a layer. */
export function linearShape(shape: ModelShape, name: LinearName): readonly [number, number] {
  const { hidden, ffn, headDim } = shape
  switch (name) {
    case 'q':
      return [shape.heads * headDim, hidden]
    case 'k':
    case 'v':
      return [shape.kvGroups * headDim, hidden]
    case 'o':
      return [hidden, shape.heads * headDim]
    case 'gate':
    case 'up':
      return [ffn, hidden]
    case 'down':
      return [hidden, ffn]
  }
}

/** The parameters of a model: matrices first, then norms and biases, which weight decay leaves alone. */
export function modelParameters(shape: ModelShape): Parameter[] {
  const { vocab, hidden, layers } = shape
  const matrices: Parameter[] = [{ name: 'embedding', shape: [vocab, hidden] }]
  const vectors: Parameter[] = [{ name: 'finalNorm', shape: [hidden] }]
  if (!shape.tiedEmbeddings) matrices.push({ name: 'output', shape: [vocab, hidden] })
  const biased: LinearName[] = shape.qkvBias ? ['q', 'k', 'v'] : []
  if (shape.oBias === true) biased.push('o')
  if (shape.downBias === true) biased.push('down')
  for (let i = 0; i < layers; i++) {
    for (const name of linearNames) matrices.push({ name: `layers.${i}.${name}`, shape: linearShape(shape, name) })
    vectors.push({ name: `layers.${i}.inputNorm`, shape: [hidden] }, { name: `layers.${i}.postNorm`, shape: [hidden] })
    for (const name of biased) {
      vectors.push({ name: `layers.${i}.${name}.bias`, shape: [linearShape(shape, name)[0]] })
    }
  }
  return [...matrices, ...vectors]
}

export function loraParameters(shape: ModelShape, lora: LoraSettings): Parameter[] {
  const parameters: Parameter[] = []
  for (let i = 0; i < shape.layers; i++) {
    for (const name of lora.targets) {
      const [outputs, inputs] = linearShape(shape, name)
      parameters.push(
        { name: `layers.${i}.${name}.loraA`, shape: [lora.rank, inputs] },
        { name: `layers.${i}.${name}.loraB`, shape: [outputs, lora.rank] },
      )
    }
  }
  return parameters
}

export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

export const parameterCount = (parameters: readonly Parameter[]): number =>
  parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0)
