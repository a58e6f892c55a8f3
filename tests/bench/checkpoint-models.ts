import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PyWritable } from '../../engine/checkpoint/formats/pickle-write.ts'
import { torchTensor } from '../../engine/checkpoint/formats/torch-write.ts'
import { rankFolderName } from '../../engine/checkpoint/megatron-shards.ts'
import { writeCheckpoint } from '../../engine/checkpoint/write.ts'
import { syntheticSource } from '../fixtures/checkpoint/synthetic.ts'
import { writeTorchFile } from '../fixtures/checkpoint/torch-file.ts'

const HIDDEN = 4096
const FFN = 11008
const HEADS = 32
const RANK = 16

export const [TP, PP] = [4, 2]

/** A Llama2 as wide as the 7B, with as many layers as the size asks for; an even number, for the two stages. */
export const layersFor = (gigabytes: number): number => {
  const perLayer = 4 * HIDDEN * HIDDEN + 3 * HIDDEN * FFN
  const vocabulary = 2 * 32000 * HIDDEN
  return Math.max(2, Math.round(((gigabytes * 1e9) / 2 - vocabulary) / perLayer / 2) * 2)
}

/** Writes the model as Hugging Face has it. */
export async function makeModel(output: string, gigabytes: number): Promise<void> {
  const numbers = {
    layers: layersFor(gigabytes),
    hidden: HIDDEN,
    ffn: FFN,
    heads: HEADS,
    kvGroups: HEADS,
    vocab: 32000,
  }
  await writeCheckpoint({ source: syntheticSource(numbers), output, target: { layout: 'hf' } })
}

/** Writes adapters of all four modules for its mcore shards. */
export function makeAdapters(output: string, gigabytes: number): void {
  const layers = layersFor(gigabytes) / PP
  for (let stage = 0; stage < PP; stage++) {
    for (let rank = 0; rank < TP; rank++) {
      const state = new Map<string, PyWritable>()
      const storages: Uint8Array[] = []
      const add = (name: string, rows: number, columns: number): void => {
        const values = new Float16Array(rows * columns)
        for (let index = 0; index < values.length; index++) values[index] = ((index * 7) % 97) / 9700 - 0.005
        state.set(name, torchTensor(storages.length, [rows, columns], 'fp16'))
        storages.push(new Uint8Array(values.buffer))
      }
      for (let layer = 0; layer < layers; layer++) {
        for (const [module, rows, columns] of [
          ['self_attention.linear_qkv', (3 * HIDDEN) / TP, HIDDEN],
          ['self_attention.linear_proj', HIDDEN, HIDDEN / TP],
          ['mlp.linear_fc1', (2 * FFN) / TP, HIDDEN],
          ['mlp.linear_fc2', HIDDEN, FFN / TP],
        ] as const) {
          add(`decoder.layers.${layer}.${module}.lora_A.default.weight`, RANK, columns)
          add(`decoder.layers.${layer}.${module}.lora_B.default.weight`, rows, RANK)
        }
      }
      const folder = join(output, 'iter_0000001', rankFolderName(rank, stage))
      mkdirSync(folder, { recursive: true })
      const structure = new Map<string, PyWritable>([
        ['iteration', 1],
        ['model', state],
      ])
      writeTorchFile(join(folder, 'model_optim_rng.pt'), structure, storages)
    }
  }
  writeFileSync(join(output, 'latest_checkpointed_iteration.txt'), '1')
}
