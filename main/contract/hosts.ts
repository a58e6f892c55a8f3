import { engines as enginesContract, hosts as hostsContract } from '#contract/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { EnginePool } from '../engines/pool.ts'
import type { HostService } from '../hosts/host-service.ts'
import { source } from './source.ts'

export const hostsTopic = (hosts: HostService): Service =>
  implement(hostsContract, {
    watch: () =>
      source(
        () => hosts.list(),
        (emit) => hosts.onChange((host) => emit({ kind: 'changed', host })),
      ),
    facts: ({ id }, { signal }) => hosts.facts(id, signal),
  })

export const enginesTopic = (engines: EnginePool): Service =>
  implement(enginesContract, {
    restart: ({ host }) => {
      engines.of(host).restart()
      return {}
    },
  })
