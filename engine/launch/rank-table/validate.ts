import type { Finding } from '../../protocol/plan.ts'
import type { RankTableSurvey } from '../../protocol/rank-tables.ts'
import { checkAgainstHost } from './checks/against-host.ts'
import { checkCluster } from './checks/cluster.ts'
import type { CheckedServer, DeviceNetwork } from './checks/finding.ts'
import { checkHead } from './checks/head.ts'
import { checkNetworks } from './checks/networks.ts'
import { checkRanks } from './checks/ranks.ts'
import { checkServers } from './checks/servers.ts'
import { checkSuperPods } from './checks/super-pods.ts'
import type { RankTable } from './rank-table.ts'

/** What is known of a server beyond the table, in the order of its servers. */
export interface ServerContext {
  /** The name of the host; null leaves its id alone. */
  readonly name: string | null
  /** By device number. */
  readonly networks: ReadonlyMap<string, DeviceNetwork>
}

/**
 * What is wrong with a rank table, and what to do. Errors stop HCCL's start (EI0004, EI0014); warnings are what usually
 * goes wrong next. `hosts` are compared with their servers. The order of the findings is that of the file, then what concerns several servers.
 */
export function checkRankTable(
  table: RankTable,
  context: readonly ServerContext[] = [],
  hosts: readonly { readonly name: string; readonly survey: RankTableSurvey }[] = [],
): Finding[] {
  const servers = table.server_list.map(({ server_id: id, device }, at): CheckedServer => {
    const name = context[at]?.name ?? null
    const label = name === null || name === id ? id : id === '' ? name : `${name} (${id})`
    return { id, label, devices: device, networks: context[at]?.networks ?? new Map() }
  })
  return [
    ...checkHead(table),
    ...checkServers(servers),
    ...checkRanks(servers),
    ...checkSuperPods(table, servers),
    ...checkCluster(servers),
    ...checkNetworks(servers),
    ...hosts.flatMap((host) => checkAgainstHost(servers, host)),
  ]
}
