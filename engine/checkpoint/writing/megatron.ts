import { posix } from 'node:path'
import { ASSETS_FOLDER, TRACKER } from '../assets.ts'
import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { writePickle } from '../formats/pickle-write.ts'
import { assertDivisible } from '../layouts/divisibility.ts'
import { assertMegatron } from '../layouts/families/layout-of.ts'
import { megatronLayouts } from '../layouts/megatron.ts'
import { paddedVocabulary, planEntries, type PlannedEntry } from '../layouts/plan.ts'
import { chunksPerStage, stagesFor } from '../layouts/stages.ts'
import { argsFor } from '../megatron-args.ts'
import { rankFolderName, SHARD_FILE } from '../megatron-shards.ts'
import type { FileGroup } from './file-job.ts'
import { shardStructure, type StageChunk } from './megatron-state.ts'
import type { MegatronTarget, TargetWriter, WriterOptions } from './target.ts'

/**
 * Shards of Megatron, mcore or legacy.
 *
 * @throws AppError `checkpoint.familyLayout`, `checkpoint.megatronBias`, `checkpoint.tpHeads`, `checkpoint.tpGroups`, `checkpoint.tpFfn`, and those of `stagesFor`
 */
export function megatronWriter(options: WriterOptions, target: MegatronTarget): TargetWriter {
  const { model, family, dtype, iteration } = options
  const { layout, tp, pp } = target
  assertMegatron(model, family)
  assertDivisible(model, tp, 1)
  const chunks = stagesFor(model, target)
  const vocab = paddedVocabulary(model.vocab, target.vocabDivisor ?? 1, tp)
  const placement = { tp, chunks, vocab }
  const vpp = chunksPerStage(chunks)
  const args = argsFor(model, { ...target, vpp, vocab: options.trueVocab, paddedVocab: vocab, dtype })
  const describe = (stage: number, rank: number): StageChunk[] =>
    chunks
      .filter((chunk) => chunk.stage === stage)
      .map((chunk) => ({
        key: vpp > 1 ? `model${chunk.chunk}` : 'model',
        entries: planEntries(megatronLayouts[layout], model, placement, chunk, rank),
      }))
  const entriesOf = (content: readonly StageChunk[]): PlannedEntry[] => content.flatMap(({ entries }) => [...entries])
  const stages = Array.from({ length: pp }, (_, stage) => stage)
  // Ranks of a stage differ in content, not in size.
  const weights = stages.flatMap((stage) => entriesOf(describe(stage, 0)).filter(({ segments }) => segments.length > 0))
  const elements = weights.reduce((sum, { shape }) => sum + elementCount(shape), 0)
  const folderName = `iter_${String(iteration).padStart(7, '0')}`
  return {
    layout,
    tp,
    pp,
    vpp,
    tensorCount: weights.length * tp,
    totalBytes: elements * dtypeBytes[dtype] * tp,
    assetsFolder: ASSETS_FOLDER,
    groups: stages.map((stage) => (): FileGroup => {
      return Array.from({ length: tp }, (_, rank) => {
        const content = describe(stage, rank)
        return {
          format: 'torch',
          path: posix.join(folderName, rankFolderName(rank, pp > 1 ? stage : undefined), SHARD_FILE),
          entries: entriesOf(content),
          root: SHARD_FILE.replace(/\.pt$/, ''),
          pickle: writePickle(shardStructure(layout, args, iteration, content, dtype)),
        }
      })
    }),
    last: new Map([[TRACKER, String(iteration)]]),
  }
}
