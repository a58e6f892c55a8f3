import { chmod, mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import { elementCount } from '../formats/dtypes.ts'
import { assertChecksum, mindsporeTensor, readMindspore, type MindsporeEntry } from '../formats/mindspore-read.ts'
import { MindsporeWriter } from '../formats/mindspore-write.ts'
import { RandomFile } from '../formats/random-file.ts'
import type { StoredTensor } from '../formats/stored-tensor.ts'
import { replaceFileAtomically } from '../writing/atomic-file.ts'
import { fillExistingFolder } from '../writing/existing-folder.ts'
import { FileSink } from '../../host/writing/file-sink.ts'
import type { WriteContext } from '../writing/tensor-stream.ts'
import { bytesAs, StoredCopy } from './copy-stored.ts'
import { findRankFiles } from './rank-folders.ts'
import { MINDSPORE_MODE } from './to-mindspore.ts'

const OVERHEAD_BYTES = 1024 * 1024

/** A parameter of the new file: stored rows, stacked. */
export interface RewrittenParameter {
  readonly name: string
  /** MindSpore's name of the element type. */
  readonly type: string
  readonly shape: readonly number[]
  readonly rows: readonly StoredTensor[]
}

/** A parameter of the old file. */
export interface OldParameter {
  readonly entry: MindsporeEntry
  readonly tensor: StoredTensor
}

/** What becomes of the parameters of one file. @throws AppError where they are not what is expected */
export type Rewriting = (old: ReadonlyMap<string, OldParameter>, path: string) => RewrittenParameter[]

/**
 * Rewrites a MindSpore file, or that of each rank of a folder (`rank_<n>/checkpoint_<n>.ckpt`), in bounded memory. Bytes
 * of elements stay as they are.
 *
 * @returns how many files were written
 * @throws AppError `mindspore.typeUnsupported`, `mindspore.checksum`, and those of the rewriting and the formats
 */
export async function rewriteMindspore(
  input: string,
  output: string,
  rewriting: Rewriting,
  context: WriteContext,
): Promise<number> {
  const paths = await findRankFiles(input, (line) => context.log(line))
  const opened: RandomFile[] = []
  try {
    const files: RewrittenParameter[][] = []
    for (const path of paths) {
      const file = await RandomFile.open(path)
      opened.push(file)
      files.push(rewriting(await parametersOf(file, context), path))
    }
    const total = files.flat().reduce((sum, { rows }) => sum + sizeOf(rows), 0)
    const copy = new StoredCopy(undefined, total, context)
    const assertUnchanged = async (): Promise<void> => {
      for (const file of opened) await file.assertUnchanged()
    }
    const [first] = files
    // One file stays one file, also where its folder was named.
    if (first !== undefined && paths[0] !== undefined && basename(dirname(paths[0])) !== 'rank_0') {
      await replaceFileAtomically(
        output,
        total + OVERHEAD_BYTES,
        async (sink) => {
          await writeParameters(sink, first, copy)
          await assertUnchanged()
        },
        { mode: MINDSPORE_MODE },
      )
      return 1
    }
    await fillExistingFolder(output, total + OVERHEAD_BYTES * files.length, async (folder) => {
      for (const [rank, parameters] of files.entries()) {
        await mkdir(join(folder, `rank_${rank}`))
        const path = join(folder, `rank_${rank}`, `checkpoint_${rank}.ckpt`)
        const sink = await FileSink.create(path, false)
        try {
          await writeParameters(sink, parameters, copy)
          await sink.finish()
          await chmod(path, MINDSPORE_MODE)
        } finally {
          await sink.abandon()
        }
      }
      await assertUnchanged()
    })
    return files.length
  } finally {
    for (const file of opened) await file[Symbol.asyncDispose]()
  }
}

const sizeOf = (rows: readonly StoredTensor[]): number => rows.reduce((sum, row) => sum + bytesAs(row, undefined), 0)

async function parametersOf(file: RandomFile, context: WriteContext): Promise<Map<string, OldParameter>> {
  const opened = await readMindspore(file)
  if (opened.entries.length === 0) throw new AppError('checkpoint.unrecognized', { path: file.path })
  await assertChecksum(opened)
  const parameters = new Map<string, OldParameter>()
  for (const entry of opened.entries) {
    const tensor = mindsporeTensor(file, entry)
    if (tensor === undefined) context.log(`left out: ${entry.name}, its type is ${entry.type}`)
    else parameters.set(entry.name, { entry, tensor })
  }
  return parameters
}

async function writeParameters(
  sink: FileSink,
  parameters: readonly RewrittenParameter[],
  copy: StoredCopy,
): Promise<void> {
  const writer = new MindsporeWriter(sink)
  for (const { name, type, shape, rows } of parameters) {
    await writer.begin({ name, type, shape }, sizeOf(rows))
    for (const part of rows) await copy.copy(part, writer.write.bind(writer))
  }
}

/** A parameter as it was. */
export const unchanged = ({ entry, tensor }: OldParameter): RewrittenParameter => ({
  name: entry.name,
  type: entry.type,
  shape: entry.shape,
  rows: [tensor],
})

/** Rows [from, from + count) of a matrix or vector, or every `step`-th of them from there on. */
export function someRows(tensor: StoredTensor, from: number, count: number, step = 1): StoredTensor {
  const { dtype, shape, strides, offset, chunks, ...rest } = tensor
  const stride = strides[0] ?? 1
  const size = bytesAs({ ...tensor, shape: [1], strides: [1] }, undefined)
  const begin = from * stride * size
  const view = { ...rest, dtype, shape: [count, ...shape.slice(1)], strides: [stride * step, ...strides.slice(1)] }
  if (chunks === undefined) return { ...view, offset: offset + begin }
  return { ...view, ...laterChunks(chunks, begin) }
}

/** The pieces of a tensor from a byte of it on. */
function laterChunks(
  chunks: NonNullable<StoredTensor['chunks']>,
  begin: number,
): Required<Pick<StoredTensor, 'offset' | 'chunks'>> {
  const later: { offset: number; bytes: number }[] = []
  let start = 0
  for (const { offset, bytes } of chunks) {
    const skipped = Math.max(0, begin - start)
    if (skipped < bytes) later.push({ offset: offset + skipped, bytes: bytes - skipped })
    start += bytes
  }
  return { offset: later[0]?.offset ?? 0, chunks: later }
}

/** Parameters stacked along their rows. @throws AppError `mindspore.rewriteInvalid` where they do not fit */
export function stacked(name: string, parts: readonly OldParameter[], path: string): RewrittenParameter {
  return stackedRows(
    name,
    parts.map(({ entry }) => entry),
    parts.map(({ tensor }) => tensor),
    path,
  )
}

/** As `stacked`, of rows that were chosen from the parameters. */
export function stackedRows(
  name: string,
  entries: readonly MindsporeEntry[],
  rows: readonly StoredTensor[],
  path: string,
): RewrittenParameter {
  const type = entries[0]?.type ?? ''
  const inner = rows[0]?.shape.slice(1) ?? []
  const other = entries.find((entry) => entry.type !== type)
  if (other !== undefined) throw invalid(path, other.name, `its type is ${other.type}, not ${type}`)
  const odd = rows.find(({ shape }) => elementCount(shape.slice(1)) !== elementCount(inner))
  if (odd !== undefined) throw invalid(path, odd.name, `its rows have ${odd.shape.slice(1).join(' x ')} elements`)
  return { name, type, rows, shape: [rows.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0), ...inner] }
}

export const invalid = (file: string, tensor: string, reason: string): AppError =>
  new AppError('mindspore.rewriteInvalid', { file, tensor, reason })
