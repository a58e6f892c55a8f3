import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder with the program's package.json, found upwards from the running file: bundle or source. */
export function programRoot(from = dirname(fileURLToPath(import.meta.url))): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json')
    if (existsSync(file)) return folder
    if (folder === dirname(folder)) throw new Error(`no package.json above ${from}`)
  }
}

export function programVersion(root: string): string {
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version
}

/** Main's own folder: database and log. It lies in the state folder that the engine of this computer uses too. */
export const defaultDataDir = (env: Readonly<Record<string, string | undefined>> = process.env): string =>
  join(env['AWB_HOME'] ?? join(homedir(), '.ascend-workbench'), 'app')

/** Files that lie beside a packaged application, outside its archive, where plain Node can read them. */
export function besideArchive(root: string, resources: string | undefined, ...names: string[]): string {
  const packaged = resources === undefined ? null : join(resources, ...names)
  return packaged !== null && existsSync(packaged) ? packaged : join(root, ...names)
}
