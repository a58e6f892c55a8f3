import { open, realpath, type FileHandle } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { isInside } from '../files/folder-opener.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
}

export interface StaticFile {
  readonly file: FileHandle
  readonly bytes: number
  readonly type: string
}

/**
 * The path of a URL as names below a folder; null for what no link of ours looks like: `..`, encoded separators,
 * backslashes, drive letters, NULs, broken encoding. `/` is the index.
 */
export function namesOf(urlPath: string): string[] | null {
  const names: string[] = []
  for (const part of urlPath.split('/')) {
    if (part === '') continue
    let name: string
    try {
      name = decodeURIComponent(part)
    } catch {
      // Broken encoding comes from no page of ours.
      return null
    }
    if (!/^[A-Za-z0-9_@~-][A-Za-z0-9._@~-]*$/.test(name)) return null
    names.push(name)
  }
  return names.length === 0 ? ['index.html'] : names
}

/** Opens a file of the page; null when it is not there or lies, through links, outside the folder. */
export async function openStatic(root: string, urlPath: string): Promise<StaticFile | null> {
  const names = namesOf(urlPath)
  if (names === null) return null
  const path = await realpath(join(root, ...names)).catch(() => null)
  if (path === null || !isInside(await realpath(root), path)) return null
  const file = await open(path, 'r')
  const stat = await file.stat()
  if (!stat.isFile()) {
    await file.close()
    return null
  }
  return { file, bytes: stat.size, type: TYPES[extname(path)] ?? 'application/octet-stream' }
}
