import { deploy as deployContract } from '#contract/index.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import { jobs } from '#engine/protocol/jobs.ts'
import { terminals as terminalsTopic } from '#engine/protocol/terminals.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { Deployer } from '../deploy/deployer.ts'
import { engineContainers } from '../deploy/engine-place.ts'
import type { Engine } from '../engines/engine.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { LinkPool } from '../links/index.ts'
import { source } from './source.ts'

export interface DeployTopicServices {
  readonly deployer: Deployer
  readonly links: LinkPool
  readonly engines: EnginePool
  /** Remembers the container that the engine of a host runs in. */
  readonly placeEngine: (host: HostId, container: string | null) => void
  /** How many jobs run on a host. */
  readonly runningJobs: (host: HostId) => number
}

export const deployTopic = ({ deployer, links, engines, placeEngine, runningJobs }: DeployTopicServices): Service =>
  implement(deployContract, {
    watch: () =>
      source(
        () => deployer.list(),
        (emit) => deployer.onChange(emit),
      ),
    installed: ({ host }, { signal }) => deployer.installed(links.of(host), signal),
    usage: ({ host }, { signal }) => deployer.usage(links.of(host), signal),
    containers: ({ host }, { signal }) => engineContainers(links.of(host), signal),
    useContainer: ({ host, container }) => {
      const count = runningJobs(host)
      // Processes have other numbers inside, so that running jobs would be taken for lost.
      if (count > 0) throw new AppError('engine.hasJobs', { host: links.of(host).name, count })
      placeEngine(host, container)
      engines.of(host).restart()
      return {}
    },
    use: async ({ host, name }) => {
      await deployer.pin(links.of(host), name)
      engines.of(host).restart()
      return {}
    },
    remove: async ({ host, name }) => {
      await deployer.remove(links.of(host), name)
      return {}
    },
    removeRuntime: async ({ host, name }) => {
      await deployer.removeRuntime(links.of(host), name)
      return {}
    },
    uninstall: async ({ host, everything }) => {
      const link = links.of(host)
      const engine = engines.of(host)
      // What the host itself tells counts as well: without a running engine nothing is known of its jobs.
      const { engines: versions } = await deployer.usage(link)
      const count = Math.max(
        runningJobs(host),
        versions.reduce((sum, { jobs }) => sum + jobs, 0),
      )
      if (count > 0) throw new AppError('engine.hasJobs', { host: link.name, count })
      if (engine.status.state === 'ready') {
        await endServices(engine)
        await closeTerminals(engine)
      }
      engine.stop()
      await deployer.uninstall(link, everything)
      link.disconnect()
      return {}
    },
  })

/** Jobs of the workbench itself, such as the recording of NPUs, end with the engine; work of the user does not. */
async function endServices(engine: Engine): Promise<void> {
  const client = await engine.client(jobs)
  for (const { id, labels, endedAt } of await client.list({})) {
    if (labels['service'] !== undefined && endedAt === undefined) await client.stop({ id })
  }
}

/** Each is kept by a program of its own, which would outlive the files that it was started from. */
async function closeTerminals(engine: Engine): Promise<void> {
  const client = await engine.client(terminalsTopic)
  for (const { id } of await client.list({})) await client.close({ id })
}
