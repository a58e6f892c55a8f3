import { AppError } from '../protocol/errors/index.ts'

/** The system's code of a failed file operation, or undefined for other errors. */
export const errnoOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

export const isMissing = (error: unknown): boolean => errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR'

/** Failures that a person can do something about get their code; the rest is handed on as it is. */
export function asFileError(error: unknown, path: string): unknown {
  switch (errnoOf(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new AppError('file.missing', { path }, { cause: error })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AppError('file.denied', { path }, { cause: error })
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('file.full', { path }, { cause: error })
    case 'EEXIST':
    case 'ENOTEMPTY':
      return new AppError('file.exists', { path }, { cause: error })
    default:
      return error
  }
}

/** A failed file operation that nobody has named yet, by the path that the system gives; other errors as they are. */
export function withFileCode(error: unknown, fallback: string): unknown {
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : fallback
  return asFileError(error, path)
}
