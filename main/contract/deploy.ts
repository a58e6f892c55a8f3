import { deploy as deployContract } from '#contract/index.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { Deployer } from '../deploy/deployer.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { LinkPool } from '../links/index.ts'
import { source } from './source.ts'

export interface DeployTopicServices {
  readonly deployer: Deployer
  readonly links: LinkPool
  readonly engines: EnginePool
  /** How many jobs run on a host. */
  readonly runningJobs: (host: HostId) => number
}

export const deployTopic = ({ deployer, links, engines, runningJobs }: DeployTopicServices): Service =>
  implement(deployContract, {
    watch: () =>
      source(
        () => deployer.list(),
        (emit) => deployer.onChange(emit),
      ),
    installed: ({ host }, { signal }) => deployer.installed(links.of(host), signal),
    use: async ({ host, name }) => {
      await deployer.pin(links.of(host), name)
      engines.of(host).restart()
      return {}
    },
    remove: async ({ host, name }) => {
      await deployer.remove(links.of(host), name)
      return {}
    },
    uninstall: async ({ host, everything }) => {
      const link = links.of(host)
      const count = runningJobs(host)
      if (count > 0) throw new AppError('engine.hasJobs', { host: link.name, count })
      engines.of(host).stop()
      await deployer.uninstall(link, everything)
      return {}
    },
  })
