import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { ByteAccess, ByteSink } from './side.ts'

const noRelease = () => undefined

/** Files of this computer. */
export const localBytes: ByteAccess = {
  pieceBytes: 1 << 20,
  unsettledBytes: 0,
  enter: () => Promise.resolve(noRelease),
  createSink: async (path) => {
    const opening = open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    const file = await named(path, opening).catch((error: Error) => {
      if (((error.cause ?? error) as NodeJS.ErrnoException).code === 'EEXIST') return null
      throw error
    })
    return file && sinkOf(path, file)
  },
  openSink: async (path) => sinkOf(path, await named(path, open(path, constants.O_WRONLY | constants.O_CREAT, 0o600))),
  openSource: async (path) => {
    const file = await named(path, open(path, 'r'))
    return {
      read: async (at, into) => (await named(path, file.read(into, 0, into.length, at))).bytesRead,
      close: () => file.close(),
    }
  },
}

const sinkOf = (path: string, file: FileHandle): ByteSink => ({
  write: (data, at) => named(path, writeAll(file, data, at)),
  close: () => file.close(),
})

async function writeAll(file: FileHandle, data: Buffer, at: number): Promise<void> {
  for (let done = 0; done < data.length;) {
    done += (await file.write(data, done, data.length - done, at + done)).bytesWritten
  }
}

const CODES = {
  ENOENT: 'file.missing',
  ENOTDIR: 'file.missing',
  EACCES: 'file.denied',
  EPERM: 'file.denied',
  EROFS: 'file.denied',
  ENOSPC: 'file.full',
  EDQUOT: 'file.full',
} as const

/** What the system refuses, with the code that people can do something about. */
async function named<T>(path: string, operation: Promise<T>): Promise<T> {
  try {
    return await operation
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code ?? ''
    if (errno in CODES) throw new AppError(CODES[errno as keyof typeof CODES], { path }, { cause: error })
    throw error
  }
}
