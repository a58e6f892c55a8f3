import { mkdir } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { ASSETS_FOLDER, TRACKER } from '../assets.ts'
import { dtypeBytes, elementCount } from '../formats/dtypes.ts'
import { namespace, OrderedDict, PyFloat, writePickle, type PyWritable } from '../formats/pickle-write.ts'
import { torchTensor, TorchWriter } from '../formats/torch-write.ts'
import { assertDivisible } from '../layouts/divisibility.ts'
import { mcore } from '../layouts/mcore.ts'
import { evenStages, type PipelineChunk } from '../layouts/pipeline.ts'
import { paddedVocabulary, planEntries, type PlannedEntry } from '../layouts/plan.ts'
import { argsFor } from '../megatron-args.ts'
import { rankFolderName, SHARD_FILE } from '../open-megatron.ts'
import { FileSink, writeSmallFile, type FileDigest } from './file-sink.ts'
import type { TargetWriter, WriterOptions, WriteTarget } from './target.ts'
import type { FileStream, TensorStream } from './tensor-stream.ts'

const CHECKPOINT_VERSION = 3

type McoreTarget = Extract<WriteTarget, { layout: 'mcore' }>

/** @throws AppError `checkpoint.tpHeads`, `checkpoint.tpGroups`, `checkpoint.tpFfn`, `checkpoint.ppLayers` */
export function mcoreWriter(options: WriterOptions, target: McoreTarget): TargetWriter {
  const { model, dtype, iteration } = options
  const { tp, pp, vocabDivisor } = target
  assertDivisible(model, tp, pp)
  const vocab = paddedVocabulary(model.vocab, vocabDivisor, tp)
  const chunks = evenStages(model.layers, pp)
  const placement = { tp, chunks, vocab }
  const args = argsFor(model, { tp, pp, vocabDivisor, paddedVocab: vocab, dtype })
  const entriesOf = (chunk: PipelineChunk, rank: number): PlannedEntry[] =>
    planEntries(mcore, model, placement, chunk, rank)
  // Ranks of a stage differ in content, not in size.
  const weights = chunks.flatMap((chunk) => entriesOf(chunk, 0).filter(({ segments }) => segments.length > 0))
  const elements = weights.reduce((sum, { shape }) => sum + elementCount(shape), 0)
  const folderName = `iter_${String(iteration).padStart(7, '0')}`
  return {
    layout: 'mcore',
    tp,
    pp,
    tensorCount: weights.length * tp,
    totalBytes: elements * dtypeBytes[dtype] * tp,
    assetsFolder: ASSETS_FOLDER,
    async write(folder, stream) {
      const digests = new Map<string, FileDigest>()
      for (const chunk of chunks) {
        const files = Array.from({ length: tp }, (_, rank) => {
          const rankFolder = rankFolderName(rank, pp > 1 ? chunk.stage : undefined)
          const entries = entriesOf(chunk, rank)
          const structure = topLevel(args, iteration, entries, options)
          return { path: posix.join(folderName, rankFolder, SHARD_FILE), entries, pickle: writePickle(structure) }
        })
        for (const [path, digest] of await writeStage(folder, files, stream)) digests.set(path, digest)
      }
      // Last, so that the checkpoint is none without it.
      digests.set(TRACKER, await writeSmallFile(join(folder, TRACKER), String(iteration)))
      return digests
    },
  }
}

/** The dictionary that Megatron saves, in its order of keys. */
function topLevel(
  args: ReadonlyMap<string, PyWritable>,
  iteration: number,
  entries: readonly PlannedEntry[],
  { dtype }: WriterOptions,
): PyWritable {
  let storage = 0
  const state = new Map<string, PyWritable>()
  for (const { name, shape, segments } of entries) {
    state.set(name, segments.length === 0 ? null : torchTensor(storage++, shape, dtype))
  }
  return new Map<string, PyWritable>([
    ['args', namespace(args)],
    ['checkpoint_version', new PyFloat(CHECKPOINT_VERSION)],
    ['iteration', iteration],
    ['model', new OrderedDict(state)],
    ['num_floating_point_operations_so_far', 0],
  ])
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
