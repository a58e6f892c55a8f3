import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { asFileError } from '../../host/fs-errors.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import { version } from '../../version.ts'
import { passportPath } from '../indexed/format.ts'
import { readPassport } from '../indexed/passport.ts'
import { openIndexedDataset } from '../indexed/read.ts'
import { LengthCounts } from '../lengths.ts'
import type { FileDigest } from '../writers/output-file.ts'
import { StagedFiles } from '../writers/staging.ts'
import { mergeIndexed } from './merge-indexed.ts'
import { findParts } from './parts.ts'

const LENGTHS_PER_READ = 256 * 1024

export interface MergeRequest {
  readonly folder: string
  /** Ends of names behind the prefix, such as `packed_input_ids_document` or `text_document`. */
  readonly keys: readonly string[]
  readonly outputPrefix: string
  /** Older files of the same names give way when the new ones are complete. */
  readonly overwrite?: boolean
}

export interface MergeResult {
  /** Paths of the parts by key, without extension, in the order in which they were joined. */
  readonly parts: Readonly<Record<string, readonly string[]>>
  /** Null when not all parts have one, or when they were made differently. */
  readonly passport: DatasetPassport | null
}

/**
 * Joins datasets, one result per key, as `--merge-group-keys` of MindSpeed-LLM does. All files appear together when
 * everything is complete, or none does.
 * @throws dataset.merge*, dataset.indexInvalid, file.*, cancelled
 */
export async function mergeDatasets(
  { folder, keys, outputPrefix, overwrite = false }: MergeRequest,
  signal: AbortSignal,
  advance: (done: number, total: number) => void,
): Promise<MergeResult> {
  const prefix = path.resolve(outputPrefix)
  const parts: Record<string, string[]> = {}
  for (const key of keys) parts[key] = await findParts(path.resolve(folder), key)
  const total = await sizeOf(Object.values(parts).flat())
  const name = path.basename(prefix)
  const wanted = Object.keys(parts).flatMap((key) => [`${name}_${key}.bin`, `${name}_${key}.idx`])
  const passportName = path.basename(passportPath(prefix))
  const staged = await StagedFiles.create(prefix, [...wanted, passportName], { overwrites: overwrite })
  try {
    let done = 0
    const files: Record<string, FileDigest> = {}
    for (const [key, stems] of Object.entries(parts)) {
      const merged = await mergeIndexed(stems, staged.path(`${name}_${key}`), signal, (bytes) => {
        done += bytes
        advance(done, total)
      })
      files[`${name}_${key}.bin`] = merged.bin
      files[`${name}_${key}.idx`] = merged.idx
    }
    const passport = await mergePassports(parts, staged.path(name), files, path.resolve(folder))
    if (passport !== null) await staged.write(passportName, `${JSON.stringify(passport, null, 2)}\n`)
    await staged.commit()
    return { parts, passport }
  } catch (error) {
    await staged.discard()
    throw asFileError(error, prefix)
  }
}

async function sizeOf(stems: readonly string[]): Promise<number> {
  let bytes = 0
  for (const stem of stems) bytes += (await stat(`${stem}.bin`)).size
  return bytes
}

/** One passport of those of the parts, where they were made alike and every key joins the same ones. */
async function mergePassports(
  parts: Readonly<Record<string, readonly string[]>>,
  target: string,
  files: Record<string, FileDigest>,
  folder: string,
): Promise<DatasetPassport | null> {
  const [firstKey, ...otherKeys] = Object.keys(parts)
  if (firstKey === undefined) return null
  const prefixes = prefixesOf(parts[firstKey] ?? [], firstKey)
  if (otherKeys.some((key) => prefixesOf(parts[key] ?? [], key).join('\n') !== prefixes.join('\n'))) return null
  const found = await Promise.all(prefixes.map((prefix) => readPassport(prefix)))
  const passports = found.filter((passport) => passport !== null)
  const [first] = passports
  if (first === undefined || passports.length < prefixes.length) return null
  const howMade = ({ format, template, handler, tokenizer }: DatasetPassport) =>
    [format, template, handler, tokenizer.hash].join('\n')
  if (passports.some((passport) => howMade(passport) !== howMade(first))) return null
  const rejected: Record<string, number> = {}
  for (const [reason, count] of passports.flatMap((passport) => Object.entries(passport.rejected))) {
    rejected[reason] = (rejected[reason] ?? 0) + count
  }
  const sum = (count: (passport: DatasetPassport) => number) => passports.reduce((all, one) => all + count(one), 0)
  const packedRows = sum((passport) => passport.packedRows ?? 0)
  return {
    passport: 1,
    kind: 'dataset',
    createdAt: Date.now(),
    tool: { name: 'ascend-workbench', version },
    format: first.format,
    handler: first.handler,
    ...(first.template === undefined ? {} : { template: first.template }),
    tokenizer: first.tokenizer,
    ...(first.seqLength === undefined ? {} : { seqLength: first.seqLength }),
    rows: sum(({ rows }) => rows),
    samples: sum(({ samples }) => samples),
    ...(packedRows === 0 ? {} : { packedRows }),
    tokens: sum(({ tokens }) => tokens),
    trainedTokens: sum(({ trainedTokens }) => trainedTokens),
    rejected,
    lengths: await summarizeLengths(`${target}_${firstKey}`),
    files,
    source: {
      path: folder,
      bytes: sum(({ source }) => source.bytes),
      // There is no single source: the hash is that of the hashes of all.
      sha256: createHash('sha256')
        .update(passports.map(({ source }) => source.sha256).join('\n'))
        .digest('hex'),
    },
  }
}

/** The prefixes of parts whose names end with the key; others have none. */
const prefixesOf = (stems: readonly string[], key: string): string[] =>
  stems.map((stem) => (stem.endsWith(`_${key}`) ? stem.slice(0, -key.length - 1) : ''))

async function summarizeLengths(stem: string): Promise<DatasetPassport['lengths']> {
  const dataset = await openIndexedDataset(stem)
  try {
    const counts = new LengthCounts()
    for (let from = 0; from < dataset.length; from += LENGTHS_PER_READ) {
      counts.addAll(await dataset.lengths(from, LENGTHS_PER_READ))
    }
    return counts.summarize()
  } finally {
    await dataset.close()
  }
}
