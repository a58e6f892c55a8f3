import { readFileSync } from 'node:fs'

/** Put in by the build; absent when run from source. */
declare const AWB_VERSION: string | undefined

/** The version of the engine, which is the workbench's. */
export const version: string = typeof AWB_VERSION === 'string' ? AWB_VERSION : versionOfSource()

function versionOfSource(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return manifest.version
}
