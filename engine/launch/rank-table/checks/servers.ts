import { isIPv4, isIPv6 } from 'node:net'
import type { Finding } from '../../../protocol/plan.ts'
import { type CheckedServer, error, repeated, warning } from './finding.ts'

/** Each server by itself: its address, its devices and theirs. */
export function checkServers(servers: readonly CheckedServer[]): Finding[] {
  const isAlone = servers.length === 1
  return servers.flatMap((server) => [
    ...checkServerId(server),
    ...checkDevices(server),
    ...checkAddresses(server, isAlone),
  ])
}

function checkServerId({ id, label: at }: CheckedServer): Finding[] {
  if (id === '') {
    return [
      error(
        'noServerId',
        `Server ${at} has no address; give the one under which the other hosts reach it.`,
        `服务器 ${at} 没有地址；请填写其他主机可访问的地址。`,
      ),
    ]
  }
  if (!isIPv4(id) && !isIPv6(id)) {
    return [
      warning(
        'serverId',
        `The server_id of ${at} is a name, not an address; give the address under which the other hosts reach it, unless the table was made that way.`,
        `${at} 的 server_id 是名称而不是地址；除非原表即如此，请填写其他主机可访问的地址。`,
      ),
    ]
  }
  if (!/^127\.|^::1$|^0\.0\.0\.0$/.test(id)) return []
  return [
    warning(
      'loopback',
      `${at} has the address ${id}, which no other host reaches; give its address in the network of the hosts.`,
      `${at} 的地址 ${id} 只在本机有效，其他主机无法访问；请填写主机网络中的地址。`,
    ),
  ]
}

function checkDevices({ label: at, devices }: CheckedServer): Finding[] {
  const findings: Finding[] = []
  if (devices.length === 0) {
    findings.push(
      error(
        'noDevices',
        `Server ${at} has no devices; choose at least one.`,
        `服务器 ${at} 没有设备；请至少选择一个。`,
      ),
    )
  }
  for (const id of repeated(devices.map((device) => device.device_id))) {
    findings.push(
      error(
        'duplicateDevice',
        `device_id ${id} appears more than once on server ${at}; name each device once.`,
        `服务器 ${at} 上 device_id ${id} 重复；每个设备只能出现一次。`,
      ),
    )
  }
  return findings
}

/** Devices of a single server talk over its own wires and need no address. */
function checkAddresses({ label: at, devices }: CheckedServer, isAlone: boolean): Finding[] {
  const findings: Finding[] = []
  for (const { device_id, device_ip = '' } of devices) {
    if (isIPv4(device_ip) || isIPv6(device_ip)) continue
    if (isAlone && device_ip === '') {
      findings.push(
        warning(
          'noAddress',
          `Device ${device_id} of server ${at} has no device_ip. A single server runs without; several need one: hccn_tool -i ${device_id} -ip -s address A netmask M.`,
          `服务器 ${at} 的设备 ${device_id} 没有 device_ip。单机可以运行，多机必须设置：hccn_tool -i ${device_id} -ip -s address A netmask M。`,
        ),
      )
      continue
    }
    findings.push(
      error(
        'address',
        `Device ${device_id} of server ${at} has no valid device_ip ("${device_ip}"); set one with hccn_tool -i ${device_id} -ip -s address A netmask M and make the table again.`,
        `服务器 ${at} 的设备 ${device_id} 没有有效的 device_ip（"${device_ip}"）；请用 hccn_tool -i ${device_id} -ip -s address A netmask M 设置后重新生成。`,
      ),
    )
  }
  for (const ip of repeated(devices.flatMap(({ device_ip }) => (device_ip ? [device_ip] : [])))) {
    const owners = devices.filter(({ device_ip }) => device_ip === ip).map(({ device_id }) => device_id)
    findings.push(
      error(
        'duplicateAddress',
        `device_ip ${ip} appears more than once on server ${at} (devices ${owners.join(', ')}); give each device its own.`,
        `服务器 ${at} 上 device_ip ${ip} 重复（设备 ${owners.join('、')}）；每个设备需要不同的地址。`,
      ),
    )
  }
  return findings
}
