import type { AppInfo } from '#contract/index.ts'
import type { Clock } from './clock.ts'
import type { EngineCommand } from './engines/local-link.ts'
import type { ResolveRemoteEngine } from './engines/ssh-link.ts'
import type { ShowFolder } from './files/show-folder.ts'
import type { Log } from './log/log.ts'
import type { FamilyRegistry, PluginSwitches } from './runs/family-registry.ts'
import type { Keychain } from './secrets/secret-store.ts'

/** Everything that comes from outside the program; tests replace what they need. */
export interface AppEnv {
  readonly version: string
  readonly shell: AppInfo['shell']
  readonly platform: string
  readonly systemLocale: string
  /** Database and log; private to the user. */
  readonly dataDir: string
  readonly engine: EngineCommand
  /** How the engine of a host that is reached over SSH is found; without it the one of this workbench is brought. */
  readonly remoteEngine?: ResolveRemoteEngine | undefined
  readonly clock: Clock
  readonly randomId: () => string
  readonly showFolder: ShowFolder
  readonly keychain: Keychain
  readonly createFamilies: (switches: PluginSwitches, log: Log) => FamilyRegistry
}
