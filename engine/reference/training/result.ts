import type { CanonicalTensor, TensorSource } from '../../checkpoint/checkpoint.ts'
import type { ModelShape } from '../../protocol/passport.ts'
import { loadKernel } from '../kernel/kernel.ts'
import { elementCount, linearShape, type LoraSettings } from '../model/parameters.ts'
import type { Trainer } from './trainer.ts'

/** The trained model as a source of canonical tensors, fp32; LoRA is merged: W + alpha / rank * B A. */
export function trainedModel(trainer: Trainer, shape: ModelShape, lora: LoraSettings | undefined): TensorSource {
  if (lora) mergeLora(trainer, shape, lora)
  const { arena, layouts, blocks } = trainer
  const tensors = new Map<string, CanonicalTensor>(
    layouts.base.slots.map(({ parameter: { name, shape: size } }) => [name, { name, shape: size, dtype: 'fp32' }]),
  )
  return {
    model: shape,
    tensors,
    async readRows(name, from, to) {
      const rowSize = elementCount(tensors.get(name)?.shape.slice(1) ?? [])
      const address = layouts.base.find(blocks.base, name) + from * rowSize * 4
      // A copy: the shared memory must not leave this runtime.
      return new Uint8Array(arena.floats(address, (to - from) * rowSize).slice().buffer)
    },
  }
}

function mergeLora({ arena, layouts, blocks }: Trainer, shape: ModelShape, lora: LoraSettings): void {
  const kernel = loadKernel(arena.memory)
  const { rank, alpha } = lora
  for (let i = 0; i < shape.layers; i++) {
    for (const target of lora.targets) {
      const prefix = `layers.${i}.${target}`
      const [outputs, inputs] = linearShape(shape, target)
      const weight = layouts.base.find(blocks.base, prefix)
      const a = layouts.trained.find(blocks.trained, `${prefix}.loraA`)
      const b = layouts.trained.find(blocks.trained, `${prefix}.loraB`)
      // The gradients are not needed any more, the adapters are: a resume point may still be written.
      const scaled = layouts.trained.find(blocks.gradients[0] ?? 0, `${prefix}.loraB`)
      arena.floats(scaled, outputs * rank).set(arena.floats(b, outputs * rank))
      kernel.scale(scaled, outputs * rank, alpha / rank)
      kernel.gemmNN(outputs, inputs, rank, scaled, rank, a, inputs, weight, inputs, true, blocks.scratch)
    }
  }
}
