/** Folder that holds a path; the root of its drive or of the file system holds itself. Both slashes are understood. */
export function parentPath(path: string): string {
  const trimmed = path.replace(/[\\/]+$/, '')
  const at = Math.max(trimmed.lastIndexOf('/'), trimmed.lastIndexOf('\\'))
  if (at < 0) return path
  if (at === 0) return trimmed.slice(0, 1)
  const parent = trimmed.slice(0, at)
  return /^[A-Za-z]:$/.test(parent) ? `${parent}\\` : parent
}

/** `folder` + `name` with the separator that the folder uses. */
export function joinPath(folder: string, name: string): string {
  const separator = folder.includes('\\') && !folder.includes('/') ? '\\' : '/'
  return folder.endsWith('/') || folder.endsWith('\\') ? `${folder}${name}` : `${folder}${separator}${name}`
}

/** Last part of a path. */
export const baseName = (path: string): string =>
  path
    .replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .pop() ?? path
