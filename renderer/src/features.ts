import { registerArtifacts } from './features/artifacts/index.ts'
import { registerChat } from './features/chat/index.ts'
import { registerFamilies } from './features/families/index.ts'
import { registerHome } from './features/home/index.ts'
import { registerHost } from './features/host/index.ts'
import { registerHosts } from './features/hosts/index.ts'
import { registerPlugins } from './features/plugins/index.ts'
import { registerRankTables } from './features/rank-tables/index.ts'
import { registerRuns } from './features/runs/index.ts'
import { registerSettings } from './features/settings/index.ts'

/** Makes every feature known to the frame: its views, commands and public functions. */
export function registerFeatures(): void {
  registerHome()
  registerHosts()
  registerHost()
  registerRankTables()
  registerFamilies()
  registerRuns()
  registerArtifacts()
  registerChat()
  registerPlugins()
  registerSettings()
}
