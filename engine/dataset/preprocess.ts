import path from 'node:path'
import { asFileError } from '../host/fs-errors.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { DatasetPassport } from '../protocol/passport.ts'
import type { PreprocessSpec } from '../protocol/tasks.ts'
import { version } from '../version.ts'
import { requireColumns } from './columns.ts'
import { usesTemplate } from './encoders/create.ts'
import { type Encoding, openEncoding, threadCount } from './encoders/encoding.ts'
import { passportPath, rejectedPath } from './indexed/format.ts'
import { LengthCounts } from './lengths.ts'
import { PackingWriter } from './packing/packing-writer.ts'
import { blocksOf, type RowBlock } from './readers/blocks.ts'
import { firstRows } from './readers/first-rows.ts'
import { openReader } from './readers/open.ts'
import type { RowReader } from './readers/reader.ts'
import { describeSource } from './readers/source.ts'
import { RejectedRows, describeRejected, noSamples, type RejectedRow } from './rejected-rows.ts'
import { KeyedWriter, keyStem, keyedNames } from './writers/keyed.ts'
import { StagedFiles } from './writers/staging.ts'

export interface PreprocessHooks {
  readonly signal: AbortSignal
  /** After each batch of rows. */
  advance(bytesRead: number, totalBytes: number, counts: Counts): void
}

export interface Counts {
  rows: number
  samples: number
  tokens: number
  trainedTokens: number
}

/**
 * Raw rows to a Megatron dataset: reader, handler, template and tokenizer, writer. All files appear together when
 * everything is complete, or none does.
 * @throws dataset.*, file.exists, file.full, file.denied, cancelled
 */
export async function preprocess(spec: PreprocessSpec, hooks: PreprocessHooks): Promise<DatasetPassport> {
  const reader = await openReader(spec.input)
  const encoding = await openEncoding(spec, threadCount(spec.workers, reader.totalBytes))
  try {
    await requireColumns(reader, encoding.columns, hooks.signal)
    return await writeDataset(spec, reader, encoding, hooks)
  } finally {
    await encoding.close()
  }
}

async function writeDataset(
  spec: PreprocessSpec,
  reader: RowReader,
  encoding: Encoding,
  hooks: PreprocessHooks,
): Promise<DatasetPassport> {
  const prefix = path.resolve(spec.outputPrefix)
  const sideFiles = [passportPath(prefix), rejectedPath(prefix)].map((file) => path.basename(file))
  const names = [...keyedNames(prefix, encoding.format, encoding.keys), ...sideFiles]
  const staged = await StagedFiles.create(prefix, names, { overwrites: spec.overwrite === true })
  const rejected = new RejectedRows(staged.path(path.basename(rejectedPath(prefix))))
  let writer: Writer | null = null
  try {
    writer = await createWriter(spec, encoding, staged.path(path.basename(prefix)), hooks.signal)
    const { counts, lengths } = await encodeRows(reader, encoding, writer, rejected, spec, hooks)
    if (counts.samples === 0 && !writesNothing(spec, rejected)) throw nothingMade(reader.file, counts.rows, rejected)
    const files = await writer.finish()
    const packing = spec.pack === true ? { packedRows: counts.samples, samples: writer.sequences } : {}
    const written = spec.pack === true ? new LengthCounts() : lengths
    // Packed sequences all have the same length.
    if (spec.pack === true) written.add(spec.seqLength ?? 0, writer.sequences)
    await rejected.finish()
    const results = {
      lengths: written.summarize(),
      tokenHistogram: await encoding.tokenHistogram(spec.pack === true ? padding(spec, writer, counts) : 0),
      files,
      rejected: rejected.counts,
      source: await describeSource(reader, hooks.signal),
    }
    const passport = describe(spec, encoding, { ...counts, ...packing }, results)
    await staged.write(path.basename(passportPath(prefix)), `${JSON.stringify(passport, null, 2)}\n`)
    await staged.commit()
    return passport
  } catch (error) {
    await writer?.abandon()
    await rejected.abandon()
    await staged.discard()
    throw asFileError(error, prefix)
  }
}

type Writer = KeyedWriter | PackingWriter

/** Places of packed sequences that no token took. */
const padding = ({ seqLength = 0 }: PreprocessSpec, { sequences }: Writer, { tokens }: Counts): number =>
  sequences * seqLength - tokens

/** @throws input.invalid when the samples cannot be packed */
function createWriter(spec: PreprocessSpec, encoding: Encoding, prefix: string, signal: AbortSignal): Promise<Writer> {
  const stems = encoding.keys.map((key) => keyStem(prefix, encoding.format, key))
  if (spec.pack !== true) return KeyedWriter.create(stems)
  const { seqLength } = spec
  if (seqLength === undefined || encoding.format !== 'megatron-instruction') {
    const reason = seqLength === undefined ? 'it needs a sequence length' : 'only instruction data can be packed'
    throw new AppError('input.invalid', { subject: 'pack', reason })
  }
  const isCompat = spec.compat !== undefined
  const parts = spec.packParts ?? 1
  return PackingWriter.create({ stems, waiting: `${prefix}-waiting`, seqLength, parts, isCompat, signal })
}

async function encodeRows(
  reader: RowReader,
  encoding: Encoding,
  writer: Writer,
  rejected: RejectedRows,
  spec: PreprocessSpec,
  hooks: PreprocessHooks,
): Promise<{ counts: Counts; lengths: LengthCounts }> {
  const counts: Counts = { rows: 0, samples: 0, tokens: 0, trainedTokens: 0 }
  const lengths = new LengthCounts()
  /** How far the source was read for each block that is under way. */
  const positions: number[] = []
  async function* blocks(): AsyncGenerator<RowBlock, void, undefined> {
    for await (const block of firstRows(blocksOf(reader, hooks.signal), spec.maxRows)) {
      positions.push(reader.bytesRead)
      yield block
    }
  }
  for await (const block of encoding.encode(blocks(), hooks.signal)) {
    for (const row of block.rejected) {
      if (spec.strict) throw strictError(reader, row)
      await rejected.add(row)
    }
    writer.addDocuments(block.columns)
    counts.rows += block.rows
    counts.samples += block.samples
    counts.tokens += block.tokens
    counts.trainedTokens += block.trainedTokens
    lengths.addAll(block.sampleLengths)
    await writer.flush()
    hooks.advance(positions.shift() ?? reader.bytesRead, reader.totalBytes, counts)
  }
  return { counts, lengths }
}

const strictError = (reader: RowReader, rejected: RejectedRow): AppError =>
  new AppError('dataset.rowRejected', {
    file: rejected.file ?? reader.file,
    row: rejected.row,
    line: rejected.line,
    reason: describeRejected(rejected),
  })

/** The original writes a dataset of nothing where all rows are too long or without text. */
const writesNothing = ({ compat }: PreprocessSpec, { counts }: RejectedRows): boolean =>
  compat !== undefined && ((counts.tooLong ?? 0) > 0 || (counts.emptyText ?? 0) > 0)

const nothingMade = (file: string, rows: number, { counts }: RejectedRows): AppError =>
  rows === 0 ? new AppError('dataset.empty', { file }) : noSamples(file, rows, counts)

function describe(
  spec: PreprocessSpec,
  { format, tokenizer }: Encoding,
  counts: Counts & Pick<DatasetPassport, 'packedRows'>,
  results: Pick<DatasetPassport, 'lengths' | 'tokenHistogram' | 'files' | 'rejected' | 'source'>,
): DatasetPassport {
  return {
    passport: 1,
    kind: 'dataset',
    createdAt: Date.now(),
    tool: { name: 'ascend-workbench', version },
    format,
    handler: spec.handler,
    ...(usesTemplate(spec) ? { template: spec.chatTemplate === true ? 'tokenizer' : spec.template } : {}),
    tokenizer,
    ...(spec.seqLength === undefined ? {} : { seqLength: spec.seqLength }),
    ...counts,
    ...results,
  }
}
