import { lookup } from 'node:dns/promises'
import { isIPv4 } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import type { ServerAddress } from '../../protocol/rank-tables.ts'

/** What is asked of the system, so that tests can answer. */
export interface AddressSources {
  readonly hostname: string
  readonly resolve: (name: string) => Promise<string | null>
  /** IPv4 addresses of the network cards, by card. */
  readonly interfaces: readonly { readonly iface: string; readonly address: string }[]
  /** `client port server port` of the SSH connection that this process came by. */
  readonly sshConnection: string | undefined
}

/** Cards of container engines and virtual machines: they have the same address on every host. */
const VIRTUAL = /^(docker|br-|veth|virbr|cni|podman|flannel|cali|tun|tap|lxc)/

/** The addresses under which other hosts may reach this one, the likeliest first. Only IPv4: so it is in rank tables. */
export async function serverAddresses(sources: AddressSources = ofThisHost()): Promise<ServerAddress[]> {
  const byName = await sources.resolve(sources.hostname)
  const bySsh = sources.sshConnection?.split(' ')[2]?.replace(/^::ffff:/, '')
  const ifaceOf = (address: string) => sources.interfaces.find((card) => card.address === address)?.iface ?? null
  const found: ServerAddress[] = []
  const add = (address: string | null | undefined, source: ServerAddress['source']) => {
    if (!address || !isIPv4(address) || found.some((other) => other.address === address)) return
    found.push({ address, source, iface: ifaceOf(address) })
  }
  add(byName, 'name')
  add(bySsh, 'ssh')
  for (const { address } of sources.interfaces) add(address, 'interface')
  const unlikely = ({ address, iface }: ServerAddress): number =>
    address.startsWith('127.') ? 2 : iface !== null && VIRTUAL.test(iface) ? 1 : 0
  return found.sort((a, b) => unlikely(a) - unlikely(b))
}

const ofThisHost = (): AddressSources => ({
  hostname: hostname(),
  resolve: async (name) => (await lookup(name, { family: 4 }).catch(() => null))?.address ?? null,
  interfaces: Object.entries(networkInterfaces()).flatMap(([iface, addresses = []]) =>
    addresses
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => ({ iface, address })),
  ),
  sshConnection: process.env['SSH_CONNECTION'],
})
