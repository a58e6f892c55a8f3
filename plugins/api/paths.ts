/** Joins host paths with `/`, whatever the host: plans are made for POSIX shells. Empty parts are skipped. */
export function joinPath(...parts: readonly string[]): string {
  const joined = parts.filter((part) => part !== '').join('/')
  return joined.replace(/\/{2,}/g, '/')
}

/** The last part of a path, without trailing slashes: `/a/b/` → `b`. */
export function baseName(path: string): string {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.at(-1) ?? ''
}

/** The last part without its extension: `/a/b.tar.gz` → `b.tar`, `/a/.env` → `.env`. */
export function stemName(path: string): string {
  const name = baseName(path)
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(0, dot) : name
}

/** The folder of a path: `/a/b` → `/a`, `b` → `.`. */
export function folderName(path: string): string {
  const trimmed = path.replace(/\/+$/, '')
  const slash = trimmed.lastIndexOf('/')
  if (slash < 0) return '.'
  return slash === 0 ? '/' : trimmed.slice(0, slash)
}

/** Trailing slashes and doubled ones removed, so that two spellings of a path compare equal. */
export const cleanPath = (path: string): string => path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/+$/, '')

/** True when `path` is `folder` or lies below it. Both are compared as they are spelt. */
export function isInside(path: string, folder: string): boolean {
  const inner = cleanPath(path)
  const outer = cleanPath(folder)
  return inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`)
}
