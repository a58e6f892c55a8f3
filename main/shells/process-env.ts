import { randomBytes } from 'node:crypto'
import { systemClock } from '../clock.ts'
import { nodeProgram } from '../engines/node-runtime.ts'
import type { AppEnv } from '../env.ts'
import { openOnDesktop } from '../files/show-folder.ts'
import { noKeychain } from '../secrets/no-keychain.ts'
import { besideArchive, defaultDataDir, programRoot, programVersion } from '../paths.ts'

/** The environment of a real process; both shells start from it. */
export function processEnv(shell: AppEnv['shell'], createFamilies: AppEnv['createFamilies']): AppEnv {
  const root = programRoot()
  const { resourcesPath } = process as { resourcesPath?: string }
  const electronVersion = process.versions['electron']
  const resources = electronVersion === undefined ? undefined : resourcesPath
  return {
    version: programVersion(root),
    shell,
    platform: process.platform,
    systemLocale: Intl.DateTimeFormat().resolvedOptions().locale,
    dataDir: defaultDataDir(),
    engine: {
      program: nodeProgram({
        electronVersion,
        execPath: process.execPath,
        platform: process.platform,
        root,
        resources,
      }),
      bundle: besideArchive(root, resources, 'dist', 'engine', 'engine.mjs'),
      env: { AWB_SAMPLE: besideArchive(root, resources, 'resources', 'sample') },
    },
    clock: systemClock,
    randomId: () => randomBytes(9).toString('hex'),
    showFolder: (path) => openOnDesktop(path),
    keychain: noKeychain('a browser has no access to the key store of the system'),
    createFamilies,
  }
}
