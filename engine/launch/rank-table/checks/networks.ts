import { isIPv4 } from 'node:net'
import type { Finding } from '../../../protocol/plan.ts'
import { type CheckedServer, warning } from './finding.ts'

interface Place {
  readonly server: string
  readonly device: string
  readonly ip: string
  readonly netmask: string
  readonly gateway: string | null
}

/**
 * Devices of the same number of different servers must reach each other: in one subnet, or over a gateway. Only what is
 * known is judged, each device against the first one of its number: addresses without a netmask are left out.
 */
export function checkNetworks(servers: readonly CheckedServer[]): Finding[] {
  const peers = new Map<string, Place>()
  return servers.flatMap((server) => {
    const apart = placesOf(server).flatMap((place) => {
      const peer = peers.get(place.device)
      if (!peer) peers.set(place.device, place)
      return peer && !canReach(place, peer) ? [{ place, peer }] : []
    })
    const [example] = apart
    if (!example) return []
    const devices = apart.map(({ place }) => place.device)
    const pair = `${cidr(example.peer)}, ${cidr(example.place)}`
    const remedy = `hccn_tool -i ${example.place.device} -gateway -s gateway G`
    return [
      warning(
        'subnet',
        `Devices ${devices.join(', ')} of ${example.peer.server} and of ${server.label} are in different subnets without a gateway (${pair}); give them addresses of one subnet, or set gateways: ${remedy}.`,
        `${example.peer.server} 与 ${server.label} 的设备 ${devices.join('、')} 不在同一子网且没有网关（${pair}）；请使用同一子网的地址，或设置网关：${remedy}。`,
      ),
    ]
  })
}

const placesOf = ({ label, devices, networks }: CheckedServer): Place[] =>
  devices.flatMap(({ device_id: device, device_ip: ip = '' }) => {
    const { netmask, gateway = null } = networks.get(device) ?? { netmask: null }
    return netmask !== null && isIPv4(ip) && isIPv4(netmask) ? [{ server: label, device, ip, netmask, gateway }] : []
  })

/** Both ways: each side has to find the other. */
const canReach = (a: Place, b: Place): boolean => findsWay(a, b) && findsWay(b, a)

const findsWay = (from: Place, to: Place): boolean =>
  from.gateway !== null || (bits(from.ip) & bits(from.netmask)) === (bits(to.ip) & bits(from.netmask))

const bits = (ip: string): number => ip.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0)

/** `10.20.11.1/24`. */
const cidr = ({ ip, netmask }: Place): string => `${ip}/${(bits(netmask) >>> 0).toString(2).replaceAll('0', '').length}`
