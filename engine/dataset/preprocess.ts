import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { asFileError } from '../host/fs-errors.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { DatasetPassport } from '../protocol/passport.ts'
import type { PreprocessSpec } from '../protocol/tasks.ts'
import { version } from '../version.ts'
import { requireColumns } from './columns.ts'
import { createEncoder, loadTokenizerFor, usesTemplate } from './encoders/create.ts'
import type { EncodedRow, RowEncoder } from './encoders/encoder.ts'
import { passportPath, rejectedPath } from './indexed/format.ts'
import { summarizeLengths } from './lengths.ts'
import { PackingWriter } from './packing/packing-writer.ts'
import { openReader } from './readers/open.ts'
import type { RawRow, RowReader } from './readers/reader.ts'
import { RejectedRows } from './rejected-rows.ts'
import { rejectionReasons, type Rejection } from './rejections.ts'
import { IGNORED_LABEL } from './templates.ts'
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
    const counts = await encodeRows(reader, encoder, writer, rejected, spec, hooks)
    if (counts.samples === 0) throw noSamples(reader, counts, rejected)
    const files = await writer.finish()
    const lengths = summarizeLengths(writer.lengths)
    const packing = spec.pack === true ? { packedRows: counts.samples, samples: writer.lengths.length } : {}
    await rejected.finish()
    const passport = describe(
      spec,
      tokenizer,
      encoder,
      reader,
      { ...counts, ...packing },
      { lengths, files, rejected: rejected.counts },
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
  { strict, compat }: PreprocessSpec,
  hooks: PreprocessHooks,
): Promise<Counts> {
  const counts: Counts = { rows: 0, samples: 0, tokens: 0, trainedTokens: 0 }
  for await (const batch of reader.batches(hooks.signal)) {
    for (const row of batch) {
      counts.rows++
      const sample = encoder.encode(row)
      const rejection = rejectionOf(sample)
      if (rejection !== null) {
        if (strict) throw strictError(reader, row, rejection.reason, rejection.detail)
        await rejected.add(row, rejection)
        // The original leaves a document without a sequence behind.
        if (compat !== undefined && 'sequences' in sample) writer.addEmpty(sample.sequences)
        continue
      }
      if (!('sequences' in sample)) continue
      writer.add(sample.sequences)
      counts.samples++
      counts.tokens += sample.ids.length
      counts.trainedTokens += countTrained(sample.labels)
    }
    await writer.flush()
    hooks.advance(reader.bytesRead, reader.totalBytes, counts)
    // A turn of the event loop, in which a stop can arrive.
    await setImmediate()
    if (hooks.signal.aborted) throw new AppError('cancelled')
  }
  return counts
}

/** A row that is too long counts as set aside. */
const rejectionOf = (sample: EncodedRow | Rejection): Rejection | null =>
  'reason' in sample ? sample : sample.tooLong === undefined ? null : { reason: 'tooLong', detail: sample.tooLong }

function countTrained(labels: Int32Array): number {
  let trained = 0
  for (const label of labels) if (label !== IGNORED_LABEL) trained++
  return trained
}

function strictError(
  reader: RowReader,
  { row, line }: RawRow,
  reason: keyof typeof rejectionReasons,
  detail?: string,
): AppError {
  const text = rejectionReasons[reason].en
  return new AppError('dataset.rowRejected', {
    file: reader.file,
    row,
    line,
    reason: detail === undefined ? text : `${text} (${detail})`,
  })
}

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
