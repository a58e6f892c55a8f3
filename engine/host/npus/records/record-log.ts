import { randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { NpuRecord } from '../../../protocol/npu-records.ts'
import { createFileAtomic } from '../../atomic-file.ts'
import { isMissing } from '../../fs-errors.ts'

/** A file is begun anew at this size, and the oldest ones are deleted when all of them are larger than `keptBytes`. */
export interface RecordLimits {
  readonly fileBytes: number
  readonly keptBytes: number
}
/** About five weeks of eight chips at one sample a minute. */
const LIMITS: RecordLimits = { fileBytes: 1 << 20, keptBytes: 32 << 20 }

/** What all records are told by, so that numbers that begin anew are noticed. */
const EPOCH = 'epoch'
const FILE = /^(\d{12})\.ndjson$/
const NEWLINE = 0x0a

type Unnumbered = Omit<NpuRecord, 'n'>

/**
 * Samples of NPUs below one folder, a line each, in files named after their first number. There is one writer; readers
 * may come at any time. A record is there in whole or not at all: a line that a crash cut off is cut away before the
 * next one is written, and its number is given again.
 */
export class RecordLog {
  readonly #folder: string
  readonly #limits: RecordLimits
  /** Number of the last record; null until the first one is written. */
  #last: number | null = null

  constructor(folder: string, limits: RecordLimits = LIMITS) {
    this.#folder = folder
    this.#limits = limits
  }

  /** Brings a record to the disk and answers its number. What fails leaves nothing behind. */
  append(record: Unnumbered): number {
    const epoch = join(this.#folder, EPOCH)
    if (!existsSync(epoch)) createFileAtomic(epoch, `${randomUUID()}\n`, 0o600)
    const last = (this.#last ??= this.#recover())
    const n = last + 1
    const line = Buffer.from(`${JSON.stringify({ n, ...record })}\n`)
    const current = this.#files().at(-1)
    const isFull = current !== undefined && current.bytes > 0 && current.bytes + line.length > this.#limits.fileBytes
    const path = current && !isFull ? current.path : join(this.#folder, `${String(n).padStart(12, '0')}.ndjson`)
    appendWhole(path, line)
    this.#last = n
    if (path !== current?.path) this.#forgetOldest()
    return n
  }

  get epoch(): string | null {
    return readText(join(this.#folder, EPOCH))?.trim() || null
  }

  /** Records from a number on, or from the oldest that is kept; at most `limit`. */
  read(from: number, limit: number): NpuRecord[] {
    const files = this.#files()
    const start = Math.max(
      0,
      files.findLastIndex(({ first }) => first <= from),
    )
    const found: NpuRecord[] = []
    for (const { path, first } of files.slice(start)) {
      // Each number is one line, whether it can be read or not.
      const lines = linesOf(path).slice(Math.max(0, from - first))
      found.push(...lines.slice(0, limit - found.length).flatMap(asRecord))
      if (found.length >= limit) break
    }
    return found
  }

  /** How much is kept, and of when. */
  facts(): { firstAt: number | null; lastAt: number | null; records: number; bytes: number } {
    const files = this.#files()
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    const first = firstRecord(linesOf(files[0]?.path))
    const last = firstRecord(linesOf(files.at(-1)?.path).reverse())
    if (!first || !last) return { firstAt: null, lastAt: null, records: 0, bytes }
    return { firstAt: first.at, lastAt: last.at, records: last.n - first.n + 1, bytes }
  }

  /** In order. */
  #files(): { path: string; first: number; bytes: number }[] {
    return namesOf(this.#folder)
      .sort()
      .flatMap((name) => {
        const first = FILE.exec(name)?.[1]
        const path = join(this.#folder, name)
        const bytes = first === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.size
        return bytes === undefined ? [] : [{ path, first: Number(first), bytes }]
      })
  }

  /** Cuts a half line off the last file, and answers the number of the last record. */
  #recover(): number {
    const file = this.#files().at(-1)
    if (!file) return 0
    const content = readFileSync(file.path)
    const end = content.lastIndexOf(NEWLINE) + 1
    if (end < content.length) truncate(file.path, end)
    return file.first - 1 + linesOf(file.path).length
  }

  #forgetOldest(): void {
    const files = this.#files()
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    for (const file of files.slice(0, -1)) {
      if (bytes <= this.#limits.keptBytes) return
      rmSync(file.path, { force: true })
      bytes -= file.bytes
    }
  }
}

/** A write that fails half way, on a full disk, is taken back. */
function appendWhole(path: string, line: Buffer): void {
  const fd = openSync(path, 'a', 0o600)
  const { size } = fstatSync(fd)
  try {
    for (let done = 0; done < line.length;) done += writeSync(fd, line, done)
    fsyncSync(fd)
  } catch (error) {
    ftruncateSync(fd, size)
    throw error
  } finally {
    closeSync(fd)
  }
}

function truncate(path: string, bytes: number): void {
  const fd = openSync(path, 'r+')
  try {
    ftruncateSync(fd, bytes)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** The lines that are complete. */
function linesOf(path: string | undefined): string[] {
  const text = path === undefined ? '' : (readText(path) ?? '')
  return text.split('\n').slice(0, -1)
}

/** A line that a broken disk made something else of is left out. */
function asRecord(line: string): NpuRecord[] {
  const parsed = NpuRecord.safeParse(asJson(line))
  return parsed.success ? [parsed.data] : []
}

function firstRecord(lines: readonly string[]): NpuRecord | undefined {
  for (const line of lines) {
    const [record] = asRecord(line)
    if (record) return record
  }
  return undefined
}

function asJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

/** Null for what is not there, or not any more. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

function namesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
