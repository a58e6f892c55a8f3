import { files as contract } from '#contract/index.ts'
import { files } from '#engine/protocol/host.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { EnginePool } from '../engines/pool.ts'

export const filesTopic = (engines: EnginePool): Service =>
  implement(contract, {
    stat: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(files, signal)).stat(input, { signal }),
    list: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(files, signal)).list(input, { signal }),
    read: async ({ host, ...input }, { signal }) =>
      (await engines.of(host).client(files, signal)).read(input, { signal }),
  })
