import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { Manifest } from '#engine/protocol/panel.ts'
import { archiveLimits } from './limits.ts'
import { checkManifest } from './manifest-rules.ts'

export interface PluginArchive {
  readonly file: string
  readonly digest: string
  readonly manifest: Manifest
  readonly script: string
}

/**
 * Reads a plugin's `.tgz` in memory; nothing is ever unpacked to the disk. Throws AppError: `plugin.archiveUnreadable`,
 * `plugin.archiveRefused` (links, paths that leave the archive, too many or too large entries), `plugin.manifestInvalid`.
 */
export async function readPluginArchive(file: string): Promise<PluginArchive> {
  const packed = await readPacked(file)
  const entries = await readEntries(file, expand(file, packed))
  const manifest = checkManifest(file, readJson(file, entries.get('manifest.json')))
  const script = entries.get(manifest.main)
  if (!script) throw invalid(file, 'main', `the archive has no ${manifest.main}`)
  if (script.length > archiveLimits.scriptBytes) throw refused(file, `${manifest.main} is larger than 1 MiB`)
  const digest = createHash('sha256').update(packed).digest('hex')
  return { file, digest, manifest, script: decode(file, manifest.main, script) }
}

async function readPacked(file: string): Promise<Buffer> {
  try {
    if ((await stat(file)).size > archiveLimits.archiveBytes) throw refused(file, 'it is larger than 4 MiB')
    return await readFile(file)
  } catch (error) {
    if (error instanceof AppError) throw error
    throw unreadable(file, error)
  }
}

function expand(file: string, packed: Buffer): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: archiveLimits.expandedBytes })
  } catch (error) {
    const isTooLarge = error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    throw isTooLarge ? refused(file, 'it expands to more than 8 MiB') : unreadable(file, error)
  }
}

async function readEntries(file: string, tar: Buffer): Promise<Map<string, Buffer>> {
  const entries = new Map<string, Buffer>()
  const reader = extract()
  reader.end(tar)
  let count = 0
  try {
    for await (const entry of reader) {
      const { name, type, size = 0 } = entry.header
      if (++count > archiveLimits.entries) throw refused(file, `it has more than ${archiveLimits.entries} entries`)
      checkEntry(file, name, type ?? 'file')
      // A size in a header may be far from what follows.
      if (size > tar.length) throw refused(file, `${name} claims ${size} bytes`)
      const chunks: Buffer[] = []
      for await (const chunk of entry) chunks.push(chunk as Buffer)
      if (type === 'directory') continue
      if (entries.has(name)) throw refused(file, `${name} is there twice`)
      entries.set(name, Buffer.concat(chunks))
    }
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(file, error)
  }
  return entries
}

function checkEntry(file: string, name: string, type: string): void {
  const shown = JSON.stringify(name.slice(0, archiveLimits.nameLength))
  if (type !== 'file' && type !== 'directory') throw refused(file, `${shown} is a ${type}, not a file`)
  const parts = name.split('/')
  const isSafe =
    name.length <= archiveLimits.nameLength &&
    !name.startsWith('/') &&
    !/[\\:\p{Cc}]/u.test(name) &&
    !parts.includes('..')
  if (!isSafe) throw refused(file, `the path ${shown} leaves the archive or is not portable`)
}

function readJson(file: string, content: Buffer | undefined): unknown {
  if (!content) throw invalid(file, 'manifest.json', 'it is missing')
  if (content.length > archiveLimits.manifestBytes) throw refused(file, 'manifest.json is larger than 1 MiB')
  try {
    return JSON.parse(decode(file, 'manifest.json', content)) as unknown
  } catch (error) {
    if (error instanceof AppError) throw error
    throw invalid(file, 'manifest.json', error instanceof Error ? error.message : String(error))
  }
}

function decode(file: string, name: string, content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch {
    throw refused(file, `${name} is not UTF-8 text`)
  }
}

const refused = (file: string, reason: string) => new AppError('plugin.archiveRefused', { file, reason })
const invalid = (file: string, field: string, reason: string) =>
  new AppError('plugin.manifestInvalid', { file, field, reason })
const unreadable = (file: string, error: unknown) =>
  new AppError('plugin.archiveUnreadable', { file, reason: error instanceof Error ? error.message : String(error) })
