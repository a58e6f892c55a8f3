import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { asFileError, errnoOf } from './fs-errors.ts'

/** Writes a whole file so that readers find the old content or the new one, never a part. Throws AppError file.*. */
export function writeFileAtomic(path: string, content: string, mode = 0o644): void {
  withTemporary(path, content, mode, (temporary) => renameSync(temporary, path))
}

/** As `writeFileAtomic`, but false where the file exists already: of several writers exactly one gets true. */
export function createFileAtomic(path: string, content: string, mode = 0o644): boolean {
  return withTemporary(path, content, mode, (temporary) => {
    try {
      linkSync(temporary, path)
      return true
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false
      throw error
    }
  })
}

function withTemporary<R>(path: string, content: string, mode: number, place: (temporary: string) => R): R {
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    mkdirSync(dirname(path), { recursive: true })
    const fd = openSync(temporary, 'wx', mode)
    try {
      const bytes = Buffer.from(content)
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    return place(temporary)
  } catch (error) {
    throw asFileError(error, path)
  } finally {
    rmSync(temporary, { force: true })
  }
}
