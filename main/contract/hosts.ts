import { engines as enginesContract, hosts as hostsContract } from '#contract/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { HostService } from '../hosts/host-service.ts'
import type { SshConfigImport } from '../hosts/ssh-config/import.ts'
import type { SshHosts } from '../hosts/ssh-hosts.ts'
import { source } from './source.ts'

export interface HostsTopicServices {
  readonly hosts: HostService
  readonly sshHosts: SshHosts
  readonly sshConfig: SshConfigImport
  /** The number of a run that goes on on a host, which cannot be removed then. */
  readonly activeRun: (host: HostId) => number | undefined
}

export const hostsTopic = ({ hosts, sshHosts, sshConfig, activeRun }: HostsTopicServices): Service =>
  implement(hostsContract, {
    watch: () =>
      source(
        () => hosts.list(),
        (emit) => hosts.onChange(emit),
      ),
    facts: ({ id }, { signal }) => hosts.facts(id, signal),
    add: ({ draft }) => ({ id: sshHosts.add(draft) }),
    edit: ({ id, draft }) => {
      sshHosts.edit(id, draft)
      return {}
    },
    duplicate: ({ id }) => ({ id: sshHosts.duplicate(id) }),
    remove: async ({ id }) => {
      const number = activeRun(id)
      const host = hosts.list().find((view) => view.id === id)?.name.en ?? id
      if (number !== undefined) throw new AppError('host.hasRuns', { host, number })
      await sshHosts.remove(id)
      return {}
    },
    connect: ({ id }) => {
      sshHosts.connect(id)
      return {}
    },
    disconnect: ({ id }) => {
      sshHosts.disconnect(id)
      return {}
    },
    forgetSecrets: async ({ id, what }) => {
      await sshHosts.forgetSecrets(id, what)
      return {}
    },
    trustKey: async ({ id, fingerprint }) => {
      await sshHosts.trustKey(id, fingerprint)
      return {}
    },
    readSshConfig: ({ path }) => sshConfig.read(path),
    importSshConfig: async ({ path, aliases }) => ({ ids: await sshConfig.take(aliases, path) }),
  })

export const enginesTopic = (engines: EnginePool): Service =>
  implement(enginesContract, {
    restart: ({ host }) => {
      engines.of(host).restart()
      return {}
    },
  })
