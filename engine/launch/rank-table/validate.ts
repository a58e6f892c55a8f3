import { isIPv4, isIPv6 } from 'node:net'
import type { Finding } from '../../protocol/plan.ts'
import type { RankTable } from './rank-table.ts'

type Server = RankTable['server_list'][number]

/**
 * What is wrong with a rank table. Errors stop HCCL's start (EI0004); warnings are what usually goes wrong next. The
 * order of the findings is that of the file.
 */
export function checkRankTable(table: RankTable): Finding[] {
  const servers = table.server_list
  const findings = [...checkHead(table), ...servers.flatMap(checkServer), ...checkRanks(servers)]
  for (const id of repeated(servers.map((server) => server.server_id))) {
    findings.push(
      error(
        'duplicateServer',
        `server_id ${id} appears more than once; was a merged table merged again, or an address copied?`,
        `server_id ${id} 重复出现；是否把合并后的表又合并了一次，或复制了地址？`,
      ),
    )
  }
  const counts = new Set(servers.map((server) => server.device.length))
  if (counts.size > 1) {
    findings.push(
      warning(
        'deviceCountMismatch',
        `Servers have different numbers of devices (${[...counts].join(', ')}); training expects the same on each.`,
        `各服务器的设备数不同（${[...counts].join('、')}）；训练要求每台相同。`,
      ),
    )
  }
  const addresses = servers.flatMap((server) => [...new Set(server.device.map(({ device_ip }) => device_ip ?? ''))])
  const shared = repeated(addresses.filter((ip) => ip !== ''))
  if (shared.length > 0) {
    findings.push(
      warning(
        'sharedAddress',
        `device_ip ${shared.join(', ')} is on several servers; the cards of different servers need different addresses.`,
        `device_ip ${shared.join('、')} 出现在多台服务器上；不同服务器的卡需要不同的地址。`,
      ),
    )
  }
  return findings
}

function checkHead(table: RankTable): Finding[] {
  const findings: Finding[] = []
  const servers = table.server_list.length
  if (table.version !== '1.0' && table.version !== '1.2') {
    findings.push(
      error(
        'version',
        `version is ${table.version ?? 'missing'}; write "1.0".`,
        `version 为 ${table.version ?? '空'}，应为 "1.0"。`,
      ),
    )
  }
  if (table.status !== 'completed') {
    findings.push(
      error(
        'status',
        `status is ${table.status ?? 'missing'}; only "completed" is accepted.`,
        `status 为 ${table.status ?? '空'}，只接受 "completed"。`,
      ),
    )
  }
  if (servers === 0) findings.push(error('noServers', 'server_list is empty.', 'server_list 为空。'))
  if (table.server_count !== String(servers)) {
    findings.push(
      error(
        'serverCount',
        `server_count is ${table.server_count ?? 'missing'}, but server_list has ${servers}.`,
        `server_count 为 ${table.server_count ?? '空'}，而 server_list 有 ${servers} 台。`,
      ),
    )
  }
  return findings
}

function checkServer(server: Server): Finding[] {
  const findings: Finding[] = []
  const at = server.server_id
  if (server.device.length === 0) {
    findings.push(error('noDevices', `Server ${at} has no devices.`, `服务器 ${at} 没有设备。`))
  }
  for (const id of repeated(server.device.map((device) => device.device_id))) {
    findings.push(
      error(
        'duplicateDevice',
        `device_id ${id} appears more than once on server ${at}.`,
        `服务器 ${at} 上 device_id ${id} 重复。`,
      ),
    )
  }
  for (const { device_id, device_ip = '' } of server.device) {
    if (isIPv4(device_ip) || isIPv6(device_ip)) continue
    findings.push(
      error(
        'address',
        `Device ${device_id} of server ${at} has no valid device_ip ("${device_ip}"); set one with hccn_tool and make the table again.`,
        `服务器 ${at} 的设备 ${device_id} 没有有效的 device_ip（"${device_ip}"）；请用 hccn_tool 设置后重新生成。`,
      ),
    )
  }
  for (const ip of repeated(server.device.flatMap(({ device_ip }) => (device_ip ? [device_ip] : [])))) {
    findings.push(
      error(
        'duplicateAddress',
        `device_ip ${ip} appears more than once on server ${at}.`,
        `服务器 ${at} 上 device_ip ${ip} 重复。`,
      ),
    )
  }
  return findings
}

function checkRanks(servers: Server[]): Finding[] {
  const ranks = servers.flatMap((server) => server.device.map((device) => device.rank_id))
  const findings = repeated(ranks).map((rank) =>
    error(
      'duplicateRank',
      `rank_id ${rank} appears more than once; merge the tables with merge_hccl.py instead of by hand.`,
      `rank_id ${rank} 重复；请用 merge_hccl.py 合并，不要手工拼接。`,
    ),
  )
  const present = new Set(ranks)
  const missing = ranks.map((_, rank) => String(rank)).filter((rank) => !present.has(rank))
  if (missing.length > 0) {
    findings.push(
      error(
        'rankGap',
        `${ranks.length} devices need the ranks 0 to ${ranks.length - 1}; missing: ${missing.join(', ')}.`,
        `${ranks.length} 个设备需要 rank 0 到 ${ranks.length - 1}；缺少：${missing.join('、')}。`,
      ),
    )
  } else if (ranks.some((rank, at) => rank !== String(at))) {
    findings.push(
      warning(
        'rankOrder',
        'Ranks do not rise in the order of the file; the order of servers must be the order of starting.',
        'rank 未按文件顺序递增；服务器顺序必须与启动顺序一致。',
      ),
    )
  }
  return findings
}

const repeated = (values: string[]): string[] => [
  ...new Set(values.filter((value, at) => values.indexOf(value) !== at)),
]

const error = (code: string, en: string, zh: string): Finding => finding('error', code, en, zh)
const warning = (code: string, en: string, zh: string): Finding => finding('warning', code, en, zh)

const finding = (level: Finding['level'], code: string, en: string, zh: string): Finding => ({
  level,
  code: `rankTable.${code}`,
  text: { en, 'zh-CN': zh },
})
