import type { Finding } from '../../../protocol/plan.ts'
import type { RankTableSurvey } from '../../../protocol/rank-tables.ts'
import { type CheckedServer, error } from './finding.ts'

/**
 * Whether what a table says of a host is what the host says of itself: tables that were made elsewhere may be older than
 * its addresses (EI0004). The host's server is the one with addresses of its devices, else the one with its own; a host
 * that is not in the table is not judged.
 */
export function checkAgainstHost(
  servers: readonly CheckedServer[],
  { name, survey }: { readonly name: string; readonly survey: RankTableSurvey },
): Finding[] {
  const own = new Map(survey.devices.flatMap(({ device, ip }) => (ip === null ? [] : [[String(device), ip]])))
  if (own.size === 0) return []
  const ips = new Set(own.values())
  const addresses = new Set(survey.addresses.map(({ address }) => address))
  const server =
    servers.find(({ devices }) => devices.some(({ device_ip }) => device_ip !== undefined && ips.has(device_ip))) ??
    servers.find(({ id }) => addresses.has(id))
  if (!server) return []
  const { id, devices } = server
  const other = devices.filter(
    ({ device_id, device_ip }) => device_ip !== undefined && own.has(device_id) && own.get(device_id) !== device_ip,
  )
  const gone = devices.filter(({ device_id }) => !survey.devices.some(({ device }) => String(device) === device_id))
  const list = (found: typeof devices) => found.map(({ device_id }) => device_id).join(', ')
  const now = other.map(({ device_id }) => own.get(device_id)).join(', ')
  return [
    ...(other.length === 0
      ? []
      : [
          error(
            'addressChanged',
            `Devices ${list(other)} of server ${id} have other addresses on ${name} (${now}) than in the table; make its table again, or set them with hccn_tool.`,
            `服务器 ${id} 的设备 ${list(other)} 在 ${name} 上的地址（${now}）与表中不同；请重新生成该主机的表，或用 hccn_tool 修改地址。`,
          ),
        ]),
    ...(gone.length === 0
      ? []
      : [
          error(
            'deviceMissing',
            `${name} has no devices ${list(gone)}, which the table names for server ${id}; make its table again, or look for the cards with lspci.`,
            `${name} 上没有表中为服务器 ${id} 列出的设备 ${list(gone)}；请重新生成该主机的表，或用 lspci 检查这些卡。`,
          ),
        ]),
  ]
}
