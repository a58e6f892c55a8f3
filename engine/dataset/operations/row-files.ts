import path from 'node:path'
import { AppError } from '../../protocol/errors/index.ts'
import { version } from '../../version.ts'
import { passportPath, rejectedPath } from '../indexed/format.ts'
import { RejectedRows, describeRejected, rejectedRow } from '../rejected-rows.ts'
import type { FileDigest } from '../../host/writing/file-sink.ts'
import { OutputFile } from '../writers/output-file.ts'
import { StagedFiles } from '../writers/staging.ts'
import type { JsonRow } from './json-lines.ts'

const LINE_FEED = Buffer.from('\n')

/** What made files of rows, from what: `<prefix>.awb-passport.json` beside them. */
export interface RowsPassport {
  readonly passport: 1
  readonly kind: 'rows'
  readonly createdAt: number
  readonly tool: { readonly name: string; readonly version: string }
  readonly operation: string
  readonly settings: Readonly<Record<string, unknown>>
  /** Rows of the source. */
  readonly rows: number
  /** Rows of each file. */
  readonly written: Readonly<Record<string, number>>
  readonly rejected: Readonly<Record<string, number>>
  readonly files: Readonly<Record<string, FileDigest>>
  readonly source: { readonly path: string; readonly bytes: number; readonly sha256: string }
}

/** Files of JSON lines that appear together with a passport and a file of rejected rows, or not at all. */
export class RowFiles {
  readonly #prefix: string
  readonly #staged: StagedFiles
  readonly #outputs: readonly { readonly name: string; readonly file: OutputFile; rows: number }[]
  readonly #rejected: RejectedRows
  readonly #strict: boolean

  private constructor(prefix: string, staged: StagedFiles, outputs: Map<string, OutputFile>, strict: boolean) {
    this.#prefix = prefix
    this.#staged = staged
    this.#outputs = [...outputs].map(([name, file]) => ({ name, file, rows: 0 }))
    this.#rejected = new RejectedRows(staged.path(path.basename(rejectedPath(prefix))))
    this.#strict = strict
  }

  /**
   * @param prefix of passport and rejected rows; @param files paths, all in the same folder
   * @throws file.exists, file.denied, file.full
   */
  static async create(prefix: string, files: readonly string[], strict: boolean): Promise<RowFiles> {
    const names = files.map((file) => path.basename(file))
    const sides = [passportPath(prefix), rejectedPath(prefix)].map((file) => path.basename(file))
    const staged = await StagedFiles.create(prefix, [...names, ...sides])
    const outputs = new Map<string, OutputFile>()
    try {
      for (const name of names) outputs.set(name, await OutputFile.create(staged.path(name)))
      return new RowFiles(prefix, staged, outputs, strict)
    } catch (error) {
      for (const output of outputs.values()) await output.abandon()
      await staged.discard()
      throw error
    }
  }

  /** @param file number of the file in the order of `create` */
  add({ json }: JsonRow, file: number): void {
    const output = this.#outputs[file]
    if (output === undefined) return
    output.file.append(Buffer.from(json, 'utf8'))
    output.file.append(LINE_FEED)
    output.rows++
  }

  /** Sets a row aside that could not be read. @throws dataset.rowRejected where that is an error */
  async reject(row: JsonRow, source: string): Promise<void> {
    if (row.problem === undefined) return
    const rejected = rejectedRow(row, row.problem)
    if (this.#strict) {
      const reason = describeRejected(rejected)
      throw new AppError('dataset.rowRejected', { file: row.file ?? source, row: row.row, line: row.line, reason })
    }
    await this.#rejected.add(rejected)
  }

  async flush(): Promise<void> {
    for (const { file } of this.#outputs) await file.flush()
  }

  /** Completes all files and moves them into place. */
  async commit(made: Pick<RowsPassport, 'operation' | 'settings' | 'rows' | 'source'>): Promise<RowsPassport> {
    const files: Record<string, FileDigest> = {}
    const written: Record<string, number> = {}
    for (const { name, file, rows } of this.#outputs) {
      files[name] = await file.finish()
      written[name] = rows
    }
    await this.#rejected.finish()
    const passport: RowsPassport = {
      passport: 1,
      kind: 'rows',
      createdAt: Date.now(),
      tool: { name: 'ascend-workbench', version },
      ...made,
      written,
      rejected: this.#rejected.counts,
      files,
    }
    const name = path.basename(passportPath(this.#prefix))
    await this.#staged.write(name, `${JSON.stringify(passport, null, 2)}\n`)
    await this.#staged.commit()
    return passport
  }

  async abandon(): Promise<void> {
    for (const { file } of this.#outputs) await file.abandon()
    await this.#rejected.abandon()
    await this.#staged.discard()
  }
}
