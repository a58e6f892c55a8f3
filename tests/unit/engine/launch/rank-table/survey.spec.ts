import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serverAddresses } from '../../../../../engine/launch/rank-table/server-addresses.ts'
import { surveyDevices } from '../../../../../engine/launch/rank-table/survey.ts'

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'awb-survey-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const conf = (text: string): string => {
  const path = join(folder, 'hccn.conf')
  writeFileSync(path, text)
  return path
}
const answers = async (device: number, query = 'ip'): Promise<string> =>
  query === 'ip' ? `ipaddr:10.1.0.${device}\nnetmask:255.255.255.0\n` : 'default gateway:10.1.0.254, Iface:eth0\n'
const refused = (): Promise<string> => Promise.reject(new Error('Run the command with the root user.\nmore'))

describe('the devices of a host', () => {
  it('are asked of the tool, with netmask and gateway', async () => {
    const found = await surveyDevices({
      ask: answers,
      confPath: conf('address_4=9.9.9.9\n'),
      nodes: async () => [4, 5],
    })
    expect(found).toEqual({
      source: 'tool',
      toolProblem: null,
      devices: [4, 5].map((device) => ({
        device,
        ip: `10.1.0.${device}`,
        netmask: '255.255.255.0',
        gateway: '10.1.0.254',
      })),
    })
  })

  it('are asked one after another', async () => {
    let running = 0
    const ask = async (device: number, query?: 'ip' | 'gateway') => {
      expect(++running).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      return answers(device, query)
    }
    expect((await surveyDevices({ ask, confPath: '/nowhere', nodes: async () => [0, 1, 2] })).devices).toHaveLength(3)
  })

  it('come from the configuration where the tool may not be used', async () => {
    const confPath = conf('address_0=10.2.0.1\nnetmask_0=255.255.255.0\ngateway_0=10.2.0.254\naddress_1=\n')
    expect(await surveyDevices({ ask: refused, confPath, nodes: async () => [0, 1, 2] })).toEqual({
      source: 'conf',
      toolProblem: 'Run the command with the root user.',
      devices: [
        { device: 0, ip: '10.2.0.1', netmask: '255.255.255.0', gateway: '10.2.0.254' },
        { device: 1, ip: null, netmask: null, gateway: null },
        { device: 2, ip: null, netmask: null, gateway: null },
      ],
    })
  })

  it('keep what the tool knows where the configuration is empty', async () => {
    const ask = async (device: number) => (device === 1 ? '' : answers(device))
    expect(await surveyDevices({ ask, confPath: '/nowhere', nodes: async () => [0, 1] })).toMatchObject({
      source: 'tool',
      toolProblem: 'empty answer',
      devices: [
        { device: 0, ip: '10.1.0.0' },
        { device: 1, ip: null },
      ],
    })
  })

  it('are those of the configuration where there are no device nodes, or none at all', async () => {
    const ask = () => expect.unreachable()
    const confPath = conf('address_7=10.2.0.8\n')
    expect(await surveyDevices({ ask, confPath, nodes: async () => [] })).toMatchObject({
      source: 'conf',
      devices: [{ device: 7, ip: '10.2.0.8' }],
    })
    expect(await surveyDevices({ ask, confPath: '/nowhere', nodes: async () => [] })).toEqual({
      source: 'none',
      toolProblem: null,
      devices: [],
    })
  })
})

describe('the addresses of a host', () => {
  const interfaces = [
    { iface: 'docker0', address: '172.17.0.1' },
    { iface: 'enp1s0', address: '10.0.0.1' },
    { iface: 'enp2s0', address: '192.168.4.1' },
  ]
  const addresses = async (name: string | null, sshConnection?: string) => {
    const found = await serverAddresses({ hostname: 'npu-01', resolve: async () => name, interfaces, sshConnection })
    return found.map(({ address, source }) => `${source} ${address}`)
  }

  it('begin with what its name resolves to, then what the connection came by, virtual cards last', async () => {
    expect(await addresses('192.168.4.1', '10.0.0.9 50000 10.0.0.1 22')).toEqual([
      'name 192.168.4.1',
      'ssh 10.0.0.1',
      'interface 172.17.0.1',
    ])
  })

  it('put loopback, which names of hosts often resolve to, at the end', async () => {
    expect(await addresses('127.0.1.1')).toEqual([
      'interface 10.0.0.1',
      'interface 192.168.4.1',
      'interface 172.17.0.1',
      'name 127.0.1.1',
    ])
  })

  it('leave out what is no IPv4 address', async () => {
    expect(await addresses(null, 'fe80::2 50000 fe80::1 22')).not.toContain('ssh fe80::1')
    expect(await addresses(null, '::ffff:10.0.0.9 50000 ::ffff:10.0.0.1 22')).toContain('ssh 10.0.0.1')
  })
})
