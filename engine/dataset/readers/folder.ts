import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { asFileError } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { Text } from '../../protocol/text.ts'
import { blocksOf, rowsOf, type RowBlock } from './blocks.ts'
import type { RawRow, RowReader } from './reader.ts'

/** The kinds of files that are looked for, by extension. */
const kinds: Readonly<Record<string, string>> = {
  parquet: 'parquet',
  arrow: 'arrow',
  csv: 'csv',
  tsv: 'csv',
  json: 'json',
  jsonl: 'json',
  ndjson: 'json',
  txt: 'txt',
}
/** What Hugging Face's `save_to_disk` puts beside the data. */
const notData = new Set(['dataset_info.json', 'dataset_infos.json', 'state.json', 'dataset_dict.json'])

/**
 * The data files of a folder, sorted by name: those of the kind that most of them have, as MindSpeed-LLM chooses. What is
 * left out is told.
 * @throws file.*, dataset.folderEmpty
 */
export async function dataFilesOf(folder: string): Promise<{ files: string[]; notes: Text[] }> {
  const byKind = new Map<string, string[]>()
  for (const name of await listFiles(folder)) {
    const kind = kinds[extensionOf(name)]
    if (kind !== undefined && !notData.has(name)) byKind.set(kind, [...(byKind.get(kind) ?? []), name])
  }
  const [chosen, ...others] = [...byKind].sort(([, a], [, b]) => b.length - a.length)
  if (chosen === undefined) throw new AppError('dataset.folderEmpty', { path: folder })
  const left = others.flatMap(([, names]) => names)
  const notes = left.length === 0 ? [] : [describeLeft(folder, chosen[0], chosen[1].length, left)]
  return { files: chosen[1].map((name) => path.join(folder, name)), notes }
}

/** The extension in lower case, that of the content where the file is compressed. */
export const extensionOf = (file: string): string =>
  path
    .extname(file.replace(/\.(gz|zst)$/i, ''))
    .slice(1)
    .toLowerCase()

async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.flatMap((entry) => (entry.isDirectory() || entry.name.startsWith('.') ? [] : [entry.name])).sort()
  } catch (error) {
    throw asFileError(error, folder)
  }
}

function describeLeft(folder: string, kind: string, count: number, left: readonly string[]): Text {
  const names = left.slice(0, 5).join(', ') + (left.length > 5 ? ' …' : '')
  return {
    en: `${folder} holds several kinds of files: the ${count} of the kind ${kind} are read, ${left.length} others are not (${names}).`,
    'zh-CN': `${folder} 中有多种格式的文件：读取其中 ${count} 个 ${kind} 文件，忽略另外 ${left.length} 个（${names}）。`,
  }
}

/** Of the names and digests of files, one per line as `sha256sum` prints them. */
export const digestOfFiles = (files: readonly { readonly file: string; readonly sha256: string }[]): string =>
  createHash('sha256')
    .update(files.map(({ file, sha256 }) => `${sha256}  ${path.basename(file)}\n`).join(''))
    .digest('hex')

/** Several files as one source; rows are numbered through, lines per file. */
export class FolderReader implements RowReader {
  readonly file: string
  readonly totalBytes: number
  readonly notes: readonly Text[]
  readonly #readers: readonly RowReader[]

  constructor(folder: string, readers: readonly RowReader[], notes: readonly Text[]) {
    this.file = folder
    this.totalBytes = readers.reduce((sum, reader) => sum + reader.totalBytes, 0)
    this.notes = notes
    this.#readers = readers
  }

  get bytesRead(): number {
    return this.#readers.reduce((sum, reader) => sum + reader.bytesRead, 0)
  }

  get sha256(): string {
    return this.#readers.some(({ sha256 }) => sha256 === '') ? '' : digestOfFiles(this.#readers)
  }

  get parts(): readonly RowReader[] {
    return this.#readers
  }

  async *batches(signal?: AbortSignal): AsyncGenerator<RawRow[], void, undefined> {
    for await (const block of this.blocks(signal)) yield [...rowsOf(block)]
  }

  async *blocks(signal?: AbortSignal): AsyncGenerator<RowBlock, void, undefined> {
    let before = 0
    for (const reader of this.#readers) {
      let rows = 0
      for await (const block of blocksOf(reader, signal)) {
        // Counted first: a block that was handed on may have moved to another thread.
        rows += block.kind === 'text' ? block.ends.length : block.rows.length
        yield inFile(block, before, reader.file)
      }
      before += rows
    }
  }
}

/** @param before rows of the files before this one */
const inFile = (block: RowBlock, before: number, file: string): RowBlock =>
  block.kind === 'text'
    ? { ...block, firstRow: before + block.firstRow, rowFile: file }
    : { kind: 'rows', rows: block.rows.map((row) => ({ ...row, row: before + row.row, file })) }
