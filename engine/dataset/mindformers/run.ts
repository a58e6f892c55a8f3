import { stat } from 'node:fs/promises'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { asFileError } from '../../host/fs-errors.ts'
import { AppError } from '../../protocol/errors/index.ts'
import type { DatasetPassport } from '../../protocol/passport.ts'
import type { MindRecordSpec } from '../../protocol/tasks.ts'
import type { Text } from '../../protocol/text.ts'
import { version } from '../../version.ts'
import { passportPath, rejectedPath } from '../indexed/format.ts'
import { LengthCounts } from '../lengths.ts'
import { ByteSource } from '../readers/byte-source.ts'
import type { RowReader } from '../readers/reader.ts'
import { RejectedRows, noSamples, rejectedRow } from '../rejected-rows.ts'
import { TokenTally, summarizeTokens } from '../token-histogram.ts'
import type { Tokenizer } from '../tokenizers/tokenizer.ts'
import { StagedFiles } from '../writers/staging.ts'
import { type Record32, type RecordHandler, IGNORED, isRecords } from './handler.ts'
import { MindRecordWriter, shardNames } from './mindrecord/writer.ts'
import { prepare } from './prepare.ts'

export interface MindRecordHooks {
  readonly signal: AbortSignal
  /** After each batch of rows. */
  advance(bytesRead: number, totalBytes: number, counts: { readonly rows: number; readonly tokens: number }): void
  /** What a person should know about the source, before anything is read. */
  note(text: Text): void
}

/**
 * One of MindFormers' preprocessors: rows to MindRecord with its index, a passport and the rows that were set aside.
 * All files appear together when everything is complete, or none does.
 * @throws dataset.*, file.*, cancelled
 */
export async function writeMindRecord(spec: MindRecordSpec, hooks: MindRecordHooks): Promise<DatasetPassport> {
  const output = path.resolve(spec.output)
  const { reader, tokenizer, handler } = await prepare(spec)
  for (const note of reader.notes ?? []) hooks.note(note)
  const names = shardNames(output, spec.shards)
  const sideFiles = [passportPath(output), rejectedPath(output)].map((file) => path.basename(file))
  const staged = await StagedFiles.create(output, [...names, ...names.map((name) => `${name}.db`), ...sideFiles])
  const rejected = new RejectedRows(staged.path(path.basename(rejectedPath(output))))
  let writer: MindRecordWriter | null = null
  try {
    const { columns, description } = handler
    writer = await MindRecordWriter.create(
      { output, columns, description, shards: spec.shards, seed: spec.seed },
      staged,
    )
    const run = new Run(reader, handler, writer, rejected, { isStrict: spec.strict, vocabSize: tokenizer.vocabSize })
    await run.all(hooks)
    if (run.samples === 0 && rejected.total > 0) throw noSamples(reader.file, run.rows, rejected.counts)
    await writer.finish()
    await rejected.finish()
    const files = await digests(staged, names)
    const passport = describe(spec, tokenizer, reader, run, { rejected: rejected.counts, files })
    await staged.write(path.basename(passportPath(output)), `${JSON.stringify(passport, null, 2)}\n`)
    await staged.commit()
    return passport
  } catch (error) {
    await writer?.abandon()
    await rejected.abandon()
    await staged.discard()
    throw asFileError(error, output)
  }
}

class Run {
  readonly #reader: RowReader
  readonly #handler: RecordHandler
  readonly #writer: MindRecordWriter
  readonly #rejected: RejectedRows
  readonly #isStrict: boolean
  readonly lengths = new LengthCounts()
  readonly tally: TokenTally
  padding = 0
  rows = 0
  samples = 0
  tokens = 0
  trainedTokens = 0

  constructor(
    reader: RowReader,
    handler: RecordHandler,
    writer: MindRecordWriter,
    rejected: RejectedRows,
    { isStrict, vocabSize }: { isStrict: boolean; vocabSize: number },
  ) {
    this.#reader = reader
    this.#handler = handler
    this.#writer = writer
    this.#rejected = rejected
    this.#isStrict = isStrict
    this.tally = new TokenTally(vocabSize)
  }

  async all(hooks: MindRecordHooks): Promise<void> {
    for await (const batch of this.#reader.batches(hooks.signal)) {
      for (const row of batch) {
        this.rows++
        const result = row.problem ?? this.#handler.records(row.value)
        if (isRecords(result)) {
          for (const record of result) await this.#write(record)
          continue
        }
        if (this.#isStrict) {
          const { reason, detail } = result
          const { file } = this.#reader
          const text = detail === undefined ? reason : `${reason} (${detail})`
          throw new AppError('dataset.rowRejected', { file, row: row.row, line: row.line, reason: text })
        }
        await this.#rejected.add(rejectedRow(row, result))
      }
      hooks.advance(this.#reader.bytesRead, this.#reader.totalBytes, this)
      await this.#pause(hooks)
    }
    if (this.rows === 0) throw new AppError('dataset.empty', { file: this.#reader.file })
    for (const record of this.#handler.rest?.() ?? []) {
      await this.#write(record)
      if (this.samples % 512 === 0) await this.#pause(hooks)
    }
  }

  async #write(record: Record32): Promise<void> {
    await this.#writer.add(record)
    const ids = record.input_ids ?? new Int32Array(0)
    const labels = record.labels ?? record.target_ids ?? ids
    this.samples++
    this.tokens += ids.length
    for (const label of labels) if (label !== IGNORED) this.trainedTokens++
    this.lengths.add(ids.length)
    const content = withoutPadding(ids, this.#handler.padId)
    this.tally.add(content)
    this.padding += ids.length - content.length
  }

  /** A turn of the event loop, in which a stop can arrive. */
  async #pause(hooks: MindRecordHooks): Promise<void> {
    await setImmediate()
    if (hooks.signal.aborted) throw new AppError('cancelled')
  }
}

/** The ids of a record between what fills it up at its ends. */
function withoutPadding(ids: Int32Array, padId: number | null): Int32Array {
  if (padId === null) return ids
  let [from, to] = [0, ids.length]
  while (to > 0 && ids[to - 1] === padId) to--
  while (from < to && ids[from] === padId) from++
  return ids.subarray(from, to)
}

async function digests(staged: StagedFiles, names: readonly string[]): Promise<DatasetPassport['files']> {
  const files: DatasetPassport['files'] = {}
  for (const name of names) {
    const { size } = await stat(staged.path(name))
    const source = new ByteSource(staged.path(name), size, 'none')
    // Read for its digest alone.
    for await (const _chunk of source.chunks()) continue
    files[name] = { bytes: size, sha256: source.sha256 }
  }
  return files
}

function describe(
  spec: MindRecordSpec,
  tokenizer: Tokenizer,
  reader: RowReader,
  { rows, samples, tokens, trainedTokens, lengths, tally, padding }: Run,
  results: Pick<DatasetPassport, 'rejected' | 'files'>,
): DatasetPassport {
  return {
    passport: 1,
    kind: 'dataset',
    createdAt: Date.now(),
    tool: { name: 'ascend-workbench', version },
    format: 'mindrecord',
    handler: spec.handler,
    tokenizer: { path: tokenizer.path, hash: tokenizer.hash, vocab: tokenizer.vocabSize, kind: tokenizer.kind },
    seqLength: spec.seqLength,
    rows,
    samples,
    tokens,
    trainedTokens,
    lengths: lengths.summarize(),
    tokenHistogram: summarizeTokens(tally.counts, tokenizer, padding),
    ...results,
    source: { path: reader.file, bytes: reader.totalBytes, sha256: reader.sha256 },
  }
}
