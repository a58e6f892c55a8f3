import { createHash, randomBytes } from 'node:crypto'
import { link, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '../protocol/errors/index.ts'
import { MAX_TEXT_BYTES, type TextFile } from '../protocol/contents.ts'
import { syncFolder } from './arrivals.ts'
import { expandPath } from './dirs.ts'
import { asFileError, errnoOf, isMissing } from './fs-errors.ts'

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

/** A text to look at or to edit: the whole file, or the beginning of one that is longer than `MAX_TEXT_BYTES`. */
export async function readText(path: string): Promise<TextFile> {
  const full = expandPath(path)
  try {
    await using file = await open(full, 'r')
    if (!(await file.stat()).isFile()) {
      throw new AppError('input.invalid', { subject: full, reason: 'it is not a file' })
    }
    // One byte more tells whether this is all of it, whatever the file does meanwhile.
    const buffer = Buffer.allocUnsafe(MAX_TEXT_BYTES + 1)
    let done = 0
    for (;;) {
      const { bytesRead } = await file.read(buffer, done, buffer.length - done, done)
      done += bytesRead
      if (bytesRead === 0 || done === buffer.length) break
    }
    const isWhole = done <= MAX_TEXT_BYTES
    const content = buffer.subarray(0, Math.min(done, MAX_TEXT_BYTES))
    const text = decode(content, isWhole)
    return {
      path: full,
      text: text ?? '',
      fileBytes: isWhole ? done : (await file.stat()).size,
      sha256: isWhole ? sha256(content) : null,
      isText: text !== null,
    }
  } catch (error) {
    throw asFileError(error, full)
  }
}

/**
 * Replaces a text by another one at once, keeping its mode; where the path is a link, what it leads to is replaced.
 * `expected` is the digest of what the writer has seen, null for a file that is not to exist yet.
 *
 * @throws AppError `file.changed`, `file.exists`, `file.missing`, `file.denied`, `file.full`
 */
export async function writeText(
  path: string,
  text: string,
  expected: string | null,
): Promise<{ sha256: string; bytes: number }> {
  const content = Buffer.from(text, 'utf8')
  const full = expandPath(path)
  try {
    const target = expected === null ? full : await realpath(full)
    const mode = expected === null ? 0o644 : (await stat(target)).mode & 0o7777
    const temporary = `${target}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
    try {
      await writeNew(temporary, content, mode)
      if (expected === null) await place(temporary, target)
      else {
        const found = await readFile(target).catch((error: unknown) => {
          if (isMissing(error)) throw new AppError('file.changed', { path: full }, { cause: error })
          throw error
        })
        if (sha256(found) !== expected) throw new AppError('file.changed', { path: full })
        await rename(temporary, target)
      }
    } finally {
      await rm(temporary, { force: true })
    }
    await syncFolder(dirname(target))
    return { sha256: sha256(content), bytes: content.length }
  } catch (error) {
    throw asFileError(error, full)
  }
}

async function writeNew(path: string, content: Buffer, mode: number): Promise<void> {
  await using file = await open(path, 'wx', 0o600)
  await file.writeFile(content)
  await file.chmod(mode)
  await file.sync()
}

/** Of several who make a new file exactly one succeeds. */
async function place(temporary: string, target: string): Promise<void> {
  await link(temporary, target).catch((error: unknown) => {
    if (errnoOf(error) === 'EEXIST') throw new AppError('file.exists', { path: target }, { cause: error })
    throw error
  })
}

/** Null for what is no text. The beginning of a longer text may end within a character, which is left out. */
function decode(content: Buffer, isWhole: boolean): string | null {
  if (content.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content, { stream: !isWhole })
  } catch {
    return null
  }
}
