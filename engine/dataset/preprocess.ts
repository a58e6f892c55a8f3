import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { asFileError } from '../host/fs-errors.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { DatasetPassport } from '../protocol/passport.ts'
import type { PreprocessSpec } from '../protocol/tasks.ts'
import { version } from '../version.ts'
import { requireColumns } from './columns.ts'
import { createEncoder, loadTokenizerFor, usesTemplate } from './encoders/create.ts'
import { BlockEncoder, type EncodedBlock } from './encoders/encoded-block.ts'
import type { RowEncoder } from './encoders/encoder.ts'
import { encodeInThreads, keepsEmpty, threadCount } from './encoders/threads.ts'
import { passportPath, rejectedPath } from './indexed/format.ts'
import { LengthCounts } from './lengths.ts'
import { PackingWriter } from './packing/packing-writer.ts'
import { blocksOf } from './readers/blocks.ts'
import { openReader } from './readers/open.ts'
import type { RowReader } from './readers/reader.ts'
import { RejectedRows, describeRejected, type RejectedRow } from './rejected-rows.ts'
import type { Tokenizer } from './tokenizers/tokenizer.ts'
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
  const prefix = path.resolve(spec.outputPrefix)
  const tokenizer = await loadTokenizerFor(spec)
  const encoder = createEncoder(spec, tokenizer)
  const reader = await openReader(spec.input)
  await requireColumns(reader, encoder.columns, hooks.signal)
  const sideFiles = [passportPath(prefix), rejectedPath(prefix)].map((file) => path.basename(file))
  const staged = await StagedFiles.create(prefix, [...keyedNames(prefix, encoder.format, encoder.keys), ...sideFiles])
  const rejected = new RejectedRows(staged.path(path.basename(rejectedPath(prefix))))
  let writer: Writer | null = null
  try {
    writer = await createWriter(spec, encoder, staged.path(path.basename(prefix)), hooks.signal)
    const { counts, lengths } = await encodeRows(reader, encoder, writer, rejected, spec, hooks)
    if (counts.samples === 0) throw noSamples(reader, counts, rejected)
    const files = await writer.finish()
    const packing = spec.pack === true ? { packedRows: counts.samples, samples: writer.sequences } : {}
    const written = spec.pack === true ? new LengthCounts() : lengths
    // Packed sequences all have the same length.
    if (spec.pack === true) written.add(spec.seqLength ?? 0, writer.sequences)
    await rejected.finish()
    const passport = describe(
      spec,
      tokenizer,
      encoder,
      reader,
      { ...counts, ...packing },
      { lengths: written.summarize(), files, rejected: rejected.counts },
    )
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

/** @throws input.invalid when the samples cannot be packed */
function createWriter(spec: PreprocessSpec, encoder: RowEncoder, prefix: string, signal: AbortSignal): Promise<Writer> {
  const stems = encoder.keys.map((key) => keyStem(prefix, encoder.format, key))
  if (spec.pack !== true) return KeyedWriter.create(stems)
  const { seqLength } = spec
  if (seqLength === undefined || encoder.format !== 'megatron-instruction') {
    const reason = seqLength === undefined ? 'it needs a sequence length' : 'only instruction data can be packed'
    throw new AppError('input.invalid', { subject: 'pack', reason })
  }
  const isCompat = spec.compat !== undefined
  return PackingWriter.create({ stems, waiting: `${prefix}-waiting`, seqLength, isCompat, signal })
}

async function encodeRows(
  reader: RowReader,
  encoder: RowEncoder,
  writer: Writer,
  rejected: RejectedRows,
  spec: PreprocessSpec,
  hooks: PreprocessHooks,
): Promise<{ counts: Counts; lengths: LengthCounts }> {
  const counts: Counts = { rows: 0, samples: 0, tokens: 0, trainedTokens: 0 }
  const lengths = new LengthCounts()
  for await (const block of encodedBlocks(reader, encoder, spec, hooks.signal)) {
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
    hooks.advance(reader.bytesRead, reader.totalBytes, counts)
  }
  return { counts, lengths }
}

async function* encodedBlocks(
  reader: RowReader,
  encoder: RowEncoder,
  spec: PreprocessSpec,
  signal: AbortSignal,
): AsyncGenerator<EncodedBlock, void, undefined> {
  const threads = threadCount(spec.workers, reader.totalBytes)
  if (threads > 1) {
    yield* encodeInThreads(blocksOf(reader, signal), spec, threads, signal)
    return
  }
  const encoding = new BlockEncoder(encoder, { keepsEmpty: keepsEmpty(spec) })
  for await (const block of blocksOf(reader, signal)) {
    yield encoding.encode(block)
    // A turn of the event loop, in which a stop can arrive.
    await setImmediate()
    if (signal.aborted) throw new AppError('cancelled')
  }
}

const strictError = (reader: RowReader, rejected: RejectedRow): AppError =>
  new AppError('dataset.rowRejected', {
    file: rejected.file ?? reader.file,
    row: rejected.row,
    line: rejected.line,
    reason: describeRejected(rejected),
  })

function noSamples(reader: RowReader, { rows }: Counts, rejected: RejectedRows): AppError {
  if (rows === 0) return new AppError('dataset.empty', { file: reader.file })
  const reasons = Object.entries(rejected.counts).map(([reason, count]) => `${reason} ${count}`)
  return new AppError('dataset.noSamples', { file: reader.file, rows, reasons: reasons.join(', ') })
}

function describe(
  spec: PreprocessSpec,
  tokenizer: Tokenizer,
  encoder: RowEncoder,
  reader: RowReader,
  counts: Counts & Pick<DatasetPassport, 'packedRows'>,
  results: Pick<DatasetPassport, 'lengths' | 'files' | 'rejected'>,
): DatasetPassport {
  return {
    passport: 1,
    kind: 'dataset',
    createdAt: Date.now(),
    tool: { name: 'ascend-workbench', version },
    format: encoder.format,
    handler: spec.handler,
    ...(usesTemplate(spec) ? { template: spec.template } : {}),
    tokenizer: { path: tokenizer.path, hash: tokenizer.hash, vocab: tokenizer.vocabSize, kind: tokenizer.kind },
    ...(spec.seqLength === undefined ? {} : { seqLength: spec.seqLength }),
    ...counts,
    ...results,
    source: { path: reader.file, bytes: reader.totalBytes, sha256: reader.sha256 },
  }
}
