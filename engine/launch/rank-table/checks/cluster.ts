import type { Finding } from '../../../protocol/plan.ts'
import { type CheckedServer, error, repeated, warning } from './finding.ts'

/** What servers must and must not have in common. */
export const checkCluster = (servers: readonly CheckedServer[]): Finding[] => [
  ...sameServer(servers),
  ...differentCounts(servers),
  ...sharedAddresses(servers),
  ...addressesOfServers(servers),
]

const sameServer = (servers: readonly CheckedServer[]): Finding[] =>
  repeated(servers.map(({ id }) => id)).map((id) => {
    const names = [...new Set(servers.filter((server) => server.id === id).map(({ label }) => label))].join(', ')
    const who = names === id ? '' : ` (${names})`
    return error(
      'duplicateServer',
      `server_id ${id} appears more than once${who}; was a merged table merged again, or an address copied?`,
      `server_id ${id} 重复出现${who}；是否把合并后的表又合并了一次，或复制了地址？`,
    )
  })

function differentCounts(servers: readonly CheckedServer[]): Finding[] {
  if (new Set(servers.map(({ devices }) => devices.length)).size < 2) return []
  const counts = servers.map(({ label, devices }) => `${label}: ${devices.length}`)
  return [
    warning(
      'deviceCountMismatch',
      `Servers have different numbers of devices (${counts.join(', ')}); training expects the same on each.`,
      `各服务器的设备数不同（${counts.join('、')}）；训练要求每台相同。`,
    ),
  ]
}

function sharedAddresses(servers: readonly CheckedServer[]): Finding[] {
  const addresses = servers.flatMap(({ devices }) => [...new Set(devices.map(({ device_ip }) => device_ip ?? ''))])
  const shared = repeated(addresses.filter((ip) => ip !== ''))
  if (shared.length === 0) return []
  const owners = servers.filter(({ devices }) => devices.some(({ device_ip }) => shared.includes(device_ip ?? '')))
  const names = [...new Set(owners.map(({ label }) => label))]
  return [
    warning(
      'sharedAddress',
      `device_ip ${shared.join(', ')} is on several servers (${names.join(', ')}); the cards of different servers need different addresses.`,
      `device_ip ${shared.join('、')} 出现在多台服务器上（${names.join('、')}）；不同服务器的卡需要不同的地址。`,
    ),
  ]
}

function addressesOfServers(servers: readonly CheckedServer[]): Finding[] {
  const ids = new Set(servers.map(({ id }) => id))
  return servers.flatMap(({ label, devices }) =>
    devices
      .filter(({ device_ip }) => device_ip !== undefined && device_ip !== '' && ids.has(device_ip))
      .map(({ device_id, device_ip }) =>
        error(
          'addressOfServer',
          `Device ${device_id} of server ${label} has the address of a server (${device_ip}); device_ip is the card's own address, shown by hccn_tool -i ${device_id} -ip -g.`,
          `服务器 ${label} 的设备 ${device_id} 填写了服务器的地址（${device_ip}）；device_ip 应为卡自身的地址，可用 hccn_tool -i ${device_id} -ip -g 查看。`,
        ),
      ),
  )
}
