import { rankTables as rankTablesContract } from '#contract/index.ts'
import { LOCAL_HOST } from '#engine/protocol/ids.ts'
import { rankTables } from '#engine/protocol/rank-tables.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { EnginePool } from '../engines/pool.ts'
import { distribute } from '../rank-tables/distribute.ts'

export const rankTablesTopic = (engines: EnginePool): Service =>
  implement(rankTablesContract, {
    survey: async ({ host }, { signal }) => (await engines.of(host).client(rankTables, signal)).survey({}, { signal }),
    // Any engine would do: nothing of a host is asked here.
    compose: async (input, { signal }) =>
      (await engines.of(LOCAL_HOST).client(rankTables, signal)).compose(input, { signal }),
    distribute: (order, { signal }) => distribute(order, (host) => engines.of(host).ready(signal)),
  })
