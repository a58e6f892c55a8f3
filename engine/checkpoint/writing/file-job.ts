import { chmod, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Dtype } from '../../protocol/passport.ts'
import { MindsporeWriter } from '../formats/mindspore-write.ts'
import { TorchWriter } from '../formats/torch-write.ts'
import type { PlannedEntry } from '../layouts/plan.ts'
import { BufferPool } from '../../host/writing/buffer-pool.ts'
import type { TensorSink } from './copy-steps.ts'
import { FileSink, type FileDigest } from '../../host/writing/file-sink.ts'
import type { HashThread } from './hashing.ts'
import { sinkOf } from './mindspore-sink.ts'
import type { TensorStream } from './tensor-stream.ts'

/** A file of weights that is to be written, in words that cross threads. */
export type FileJob = {
  /** Below the output, with slashes. */
  readonly path: string
  readonly entries: readonly PlannedEntry[]
} & (
  | { readonly format: 'safetensors'; readonly header: Uint8Array }
  | { readonly format: 'torch'; readonly root: string; readonly pickle: Uint8Array }
  | { readonly format: 'mindspore'; readonly dtype: Dtype; readonly mode: number }
)

/** Files whose entries have the same names, slot by slot: written side by side, so that shared rows are read once. */
export type FileGroup = readonly FileJob[]

/** One block to fill for each file, and this many that are being written. */
const SPARE_BLOCKS = 3
const BLOCKS_BYTES = 12 * 1024 * 1024
const [LEAST_BLOCK_BYTES, MOST_BLOCK_BYTES] = [256 * 1024, 2 * 1024 * 1024]

/** Many files get smaller blocks, down to a limit below which disks are slow. */
function blocksFor(files: number, isShared: boolean): BufferPool {
  const count = files + SPARE_BLOCKS
  const fair = 2 ** Math.floor(Math.log2(BLOCKS_BYTES / count))
  return new BufferPool(count, Math.min(MOST_BLOCK_BYTES, Math.max(LEAST_BLOCK_BYTES, fair)), isShared)
}

/** Writes groups of files below a folder, one after the other, with the same blocks. */
export class GroupWriter {
  readonly #folder: string
  readonly #stream: TensorStream
  readonly #hashing: HashThread | undefined
  #blocks: { readonly files: number; readonly pool: BufferPool } | undefined

  /** @param hashing where files that are alone in their group are hashed; default: in this thread */
  constructor(folder: string, stream: TensorStream, hashing?: HashThread) {
    this.#folder = folder
    this.#stream = stream
    this.#hashing = hashing
  }

  /** Writes the files, durable. @throws AppError `file.full`, `file.denied`, `cancelled` */
  async write(group: FileGroup): Promise<[string, FileDigest][]> {
    const blocks = this.#blocksFor(group.length)
    const sinks: FileSink[] = []
    try {
      const open: OpenFile[] = []
      for (const job of group) {
        const path = join(this.#folder, job.path)
        await mkdir(dirname(path), { recursive: true })
        const file = await FileSink.create(path, job.format === 'torch', blocks, this.#hashing?.next())
        sinks.push(file)
        open.push(await begin(job, file))
      }
      await this.#stream.copyGroup(open.map(({ sink }, index) => ({ entries: group[index]?.entries ?? [], sink })))
      for (const { end } of open) await end()
      const digests = await Promise.all(sinks.map((sink) => sink.finish()))
      for (const job of group) if (job.format === 'mindspore') await chmod(join(this.#folder, job.path), job.mode)
      return group.map(({ path }, index) => [path, digests[index] as FileDigest])
    } finally {
      for (const sink of sinks) await sink.abandon()
    }
  }

  /** Groups are of one size, mostly. */
  #blocksFor(files: number): BufferPool {
    if (this.#blocks?.files !== files) {
      this.#blocks = { files, pool: blocksFor(files, this.#hashing !== undefined) }
    }
    return this.#blocks.pool
  }
}

interface OpenFile {
  readonly sink: TensorSink
  /** Writes what comes behind the tensors. */
  end(): Promise<void>
}

const nothing = (): Promise<void> => Promise.resolve()

/** Writes what comes in front of the tensors. */
async function begin(job: FileJob, file: FileSink): Promise<OpenFile> {
  const writeColumns = file.writeColumns.bind(file)
  switch (job.format) {
    case 'safetensors':
      await file.write(job.header)
      return { sink: { begin: nothing, write: file.write.bind(file), writeColumns, end: nothing }, end: nothing }
    case 'torch': {
      const archive = new TorchWriter(file, job.root)
      await archive.start(job.pickle)
      const sink = {
        begin: (bytes: number) => archive.beginStorage(bytes),
        write: file.write.bind(file),
        writeColumns,
        end: () => archive.endStorage(),
      }
      return { sink, end: () => archive.finish() }
    }
    case 'mindspore':
      return { sink: sinkOf(new MindsporeWriter(file), job.entries, job.dtype), end: nothing }
  }
}
