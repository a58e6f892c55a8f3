import type { RankTable } from './rank-table.ts'

/**
 * One rank table over all hosts: servers in the order of the tables, ranks numbered anew from 0. Keys of servers and
 * devices stay as they are. Super pods (version 1.2) with the same id are joined.
 */
export function mergeRankTables(tables: RankTable[]): RankTable {
  let rank = 0
  const servers = tables
    .flatMap((table) => table.server_list)
    .map((server) => ({
      ...server,
      device: server.device.map((device) => ({ ...device, rank_id: String(rank++) })),
    }))
  const count = tables.reduce((sum, table) => sum + (Number(table.server_count) || table.server_list.length), 0)
  const pods = mergeSuperPods(tables)
  return {
    version: tables.some((table) => table.version === '1.2') ? '1.2' : '1.0',
    server_count: String(count),
    server_list: servers,
    ...(pods.length > 0 ? { super_pod_list: pods } : {}),
    status: 'completed',
  }
}

/** `hccl_2s_16p.json`: servers, then ranks. */
export const mergedTableName = (table: RankTable): string =>
  `hccl_${table.server_count}s_${table.server_list.reduce((sum, server) => sum + server.device.length, 0)}p.json`

interface SuperPod {
  super_pod_id?: unknown
  server_list?: unknown
}

function mergeSuperPods(tables: RankTable[]): SuperPod[] {
  const pods: SuperPod[] = []
  for (const pod of tables.flatMap((table) => asList(table.super_pod_list)) as SuperPod[]) {
    const same = pods.find((other) => other.super_pod_id === pod.super_pod_id)
    if (same) same.server_list = [...asList(same.server_list), ...asList(pod.server_list)]
    else pods.push({ ...pod })
  }
  return pods
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
