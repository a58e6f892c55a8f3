import { mkdir } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { ASSETS_FOLDER, TRACKER } from '../assets.ts'
import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { writePickle } from '../formats/pickle-write.ts'
import { TorchWriter } from '../formats/torch-write.ts'
import { assertDivisible } from '../layouts/divisibility.ts'
import { assertMegatron } from '../layouts/families/layout-of.ts'
import { megatronLayouts } from '../layouts/megatron.ts'
import { paddedVocabulary, planEntries, type PlannedEntry } from '../layouts/plan.ts'
import { chunksPerStage, stagesFor } from '../layouts/stages.ts'
import { argsFor } from '../megatron-args.ts'
import { rankFolderName, SHARD_FILE } from '../megatron-shards.ts'
import { FileSink, writeSmallFile, type FileDigest } from './file-sink.ts'
import { shardStructure, type StageChunk } from './megatron-state.ts'
import type { MegatronTarget, TargetWriter, WriterOptions } from './target.ts'
import type { FileStream, TensorStream } from './tensor-stream.ts'

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
    async write(folder, stream) {
      const digests = new Map<string, FileDigest>()
      for (const stage of stages) {
        const files = Array.from({ length: tp }, (_, rank): StageFile => {
          const rankFolder = rankFolderName(rank, pp > 1 ? stage : undefined)
          const content = describe(stage, rank)
          return {
            path: posix.join(folderName, rankFolder, SHARD_FILE),
            entries: entriesOf(content),
            pickle: writePickle(shardStructure(layout, args, iteration, content, dtype)),
          }
        })
        for (const [path, digest] of await writeStage(folder, files, stream)) digests.set(path, digest)
      }
      // Last, so that the checkpoint is none without it.
      digests.set(TRACKER, await writeSmallFile(join(folder, TRACKER), String(iteration)))
      return digests
    },
  }
}

interface StageFile {
  readonly path: string
  readonly entries: readonly PlannedEntry[]
  readonly pickle: Uint8Array
}

/** All tensor parallel ranks of a stage at once. */
async function writeStage(
  folder: string,
  files: readonly StageFile[],
  stream: TensorStream,
): Promise<[string, FileDigest][]> {
  const sinks: FileSink[] = []
  try {
    const archives: { archive: TorchWriter; stream: FileStream }[] = []
    for (const { path, entries, pickle } of files) {
      await mkdir(join(folder, path, '..'), { recursive: true })
      const file = await FileSink.create(join(folder, path), true)
      sinks.push(file)
      const archive = new TorchWriter(file, SHARD_FILE.replace(/\.pt$/, ''))
      await archive.start(pickle)
      const sink = {
        begin: (bytes: number) => archive.beginStorage(bytes),
        write: file.write.bind(file),
        end: () => archive.endStorage(),
      }
      archives.push({ archive, stream: { entries, sink } })
    }
    await stream.copyGroup(archives.map((item) => item.stream))
    for (const { archive } of archives) await archive.finish()
    const digests = await Promise.all(sinks.map((sink) => sink.finish()))
    return files.map(({ path }, index): [string, FileDigest] => [path, digests[index] as FileDigest])
  } finally {
    for (const sink of sinks) await sink.abandon()
  }
}
