import { join } from 'node:path'
import type { AppEnv } from '../env.ts'
import { defaultDataDir, programRoot } from '../paths.ts'
import { PluginHost } from '../plugins/plugin-host.ts'

/** The families of the plugins that come with the program and of those the user installed. */
export const createFamilies: AppEnv['createFamilies'] = (switches, log) =>
  new PluginHost({
    builtinDir: join(programRoot(), 'dist', 'plugins'),
    installedDir: join(defaultDataDir(), 'plugins'),
    switches,
    log,
  })
