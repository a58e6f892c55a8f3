import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { composeRankTables } from '../../../../../engine/launch/rank-table/compose.ts'
import type { RankTable } from '../../../../../engine/launch/rank-table/rank-table.ts'
import type { DeviceAddress, RankTableSource, RankTableSurvey } from '../../../../../engine/protocol/rank-tables.ts'

const folder = join(import.meta.dirname, '../../../../fixtures/host/rank-tables')
const text = (name: string) => readFileSync(join(folder, name), 'utf8')

const device = (number: number, network: string, over: Partial<DeviceAddress> = {}): DeviceAddress => ({
  device: number,
  ip: `${network}.${number + 1}`,
  netmask: '255.255.255.0',
  gateway: null,
  ...over,
})
const host = (
  label: string,
  serverIp: string,
  network = '10.1.0',
  over: (number: number) => Partial<DeviceAddress> = () => ({}),
): RankTableSource & { kind: 'host' } => ({
  kind: 'host',
  label,
  serverIp,
  devices: [0, 1, 2, 3].map((number) => device(number, network, over(number))),
})
const imported = (label: string, content: string): RankTableSource => ({ kind: 'text', label, text: content })
const codes = (...sources: RankTableSource[]) =>
  composeRankTables({ sources }).findings.map(({ code }) => code.replace('rankTable.', ''))
const textsOf = (...sources: RankTableSource[]) =>
  composeRankTables({ sources }).findings.map((finding) => finding.text.en)
const upper = (number: number) => ({ ip: `10.1.0.${number + 101}` })

describe('the tables of hosts', () => {
  it('are what the drop-ins write', () => {
    const devices = [0, 1, 2, 3].map((number) => device(number, '', { ip: `192.168.102.1${number}` }))
    const { tables, merged, findings } = composeRankTables({
      sources: [{ kind: 'host', label: 'npu-03', serverIp: '10.0.0.3', devices }],
    })
    const file = { name: 'hccl_4p_0123_10.0.0.3.json', text: text('hccl_4p_0123_10.0.0.3.json') }
    expect(tables).toEqual([{ label: 'npu-03', file, error: null, ranks: 4 }])
    expect(merged).toEqual({ ...file, servers: 1, ranks: 4 })
    expect(findings).toEqual([])
  })

  it('are merged in their order, as merge_hccl.py does', () => {
    const [first, second] = ['hccl_8p_01234567_10.0.0.1.json', 'hccl_8p_01234567_10.0.0.2.json'] as const
    const { merged } = composeRankTables({ sources: [imported(first, text(first)), imported(second, text(second))] })
    expect(merged).toEqual({ name: 'hccl_2s_16p.json', text: text('hccl_2s_16p.json'), servers: 2, ranks: 16 })
    const turned = composeRankTables({ sources: [imported(second, text(second)), imported(first, text(first))] }).merged
    const servers = (JSON.parse(turned?.text ?? '') as RankTable).server_list
    expect(servers.map(({ server_id }) => server_id)).toEqual(['10.0.0.2', '10.0.0.1'])
    expect(servers.flatMap((server) => server.device.map(({ rank_id }) => Number(rank_id)))).toEqual(
      Array.from({ length: 16 }, (_, rank) => rank),
    )
  })

  it('have ranks from 0 without a gap, whatever is merged', () => {
    for (let servers = 1; servers <= 6; servers++) {
      const sources = Array.from({ length: servers }, (_, at) => ({
        ...host(`npu-${at}`, `10.0.0.${at + 1}`, `10.1.${at}`),
        devices: Array.from({ length: ((at * 5) % 8) + 1 }, (_, number) => device(number, `10.1.${at}`)),
      }))
      const { merged } = composeRankTables({ sources })
      const devices = (JSON.parse(merged?.text ?? '') as RankTable).server_list.flatMap((server) => server.device)
      expect(devices.map(({ rank_id }) => rank_id)).toEqual(devices.map((_, rank) => String(rank)))
      expect(devices.map(({ device_ip }) => device_ip)).toEqual(
        sources.flatMap((source) => source.devices.map(({ ip }) => ip)),
      )
      expect(merged).toMatchObject({ servers, ranks: devices.length })
    }
  })

  it('say at which place a text cannot be read, and merge nothing', () => {
    const { tables, merged } = composeRankTables({ sources: [host('npu-01', '10.0.0.1'), imported('pasted', '{"a":')] })
    expect(tables[0]?.error).toBeNull()
    expect(tables[1]).toMatchObject({
      file: null,
      error: { code: 'host.rankTableUnreadable', params: { path: 'pasted' } },
    })
    expect(merged).toBeNull()
    expect(composeRankTables({ sources: [] })).toEqual({ tables: [], merged: null, findings: [] })
  })
})

describe('what is wrong with the whole', () => {
  const good = [host('npu-01', '10.0.0.1'), host('npu-02', '10.0.0.2', '10.1.0', upper)] as const

  it('is nothing for two good hosts', () => {
    expect(codes(...good)).toEqual([])
  })

  it('names host, device and remedy for a missing address; a single server is only warned', () => {
    const without = host('npu-02', '10.0.0.2', '10.1.0', (at) => (at === 2 ? { ip: null } : upper(at)))
    expect(codes(good[0], without)).toEqual(['address'])
    expect(textsOf(good[0], without)[0]).toMatch(/^Device 2 of server npu-02 \(10\.0\.0\.2\).*hccn_tool -i 2 -ip -s/)
    expect(codes(without)).toEqual(['noAddress'])
    expect(composeRankTables({ sources: [without] }).merged?.text).not.toContain('"device_ip": ""')
  })

  it('finds addresses that are there twice', () => {
    expect(
      codes(
        host('npu-01', '10.0.0.1', '10.1.0', () => ({ ip: '10.1.0.9' })),
        good[1],
      ),
    ).toEqual(['duplicateAddress'])
    expect(codes(good[0], host('npu-02', '10.0.0.2'))).toEqual(['sharedAddress'])
    const twice = textsOf(good[0], host('npu-02', '10.0.0.1', '10.1.0', upper))
    expect(twice).toEqual([expect.stringContaining('(npu-01 (10.0.0.1), npu-02 (10.0.0.1))')])
    expect(
      codes(
        good[0],
        host('npu-02', '10.0.0.2', '10.1.0', (at) => (at === 0 ? { ip: '10.0.0.1' } : upper(at))),
      ),
    ).toEqual(['addressOfServer', 'subnet'])
  })

  it('finds addresses that no other host reaches', () => {
    expect(codes(host('npu-01', '127.0.1.1'), good[1])).toEqual(['loopback'])
    expect(codes(host('npu-01', ''), good[1])).toEqual(['noServerId'])
    expect(codes(host('npu-01', 'npu-01'), good[1])).toEqual(['serverId'])
  })

  it('finds subnets apart, unless a gateway is between', () => {
    const far = host('npu-02', '10.0.0.2', '10.2.0')
    expect(codes(good[0], far)).toEqual(['subnet'])
    expect(textsOf(good[0], far)[0]).toContain(
      'Devices 0, 1, 2, 3 of npu-01 (10.0.0.1) and of npu-02 (10.0.0.2) are in different subnets without a gateway (10.1.0.1/24, 10.2.0.1/24)',
    )
    const routed = (label: string, ip: string, network: string) =>
      host(label, ip, network, () => ({ gateway: `${network}.254` }))
    expect(codes(routed('npu-01', '10.0.0.1', '10.1.0'), routed('npu-02', '10.0.0.2', '10.2.0'))).toEqual([])
    expect(codes(good[0], routed('npu-02', '10.0.0.2', '10.2.0'))).toEqual(['subnet'])
    const wide = (label: string, ip: string, network: string) =>
      host(label, ip, network, () => ({ netmask: '255.0.0.0' }))
    expect(codes(wide('npu-01', '10.0.0.1', '10.1.0'), wide('npu-02', '10.0.0.2', '10.2.0'))).toEqual([])
    expect(codes({ ...host('npu-00', '10.0.0.9'), devices: [] }, good[0], far)).toContain('subnet')
    const unknown = host('npu-02', '10.0.0.2', '10.2.0', () => ({ netmask: null }))
    expect(codes(good[0], unknown)).toEqual([])
  })

  it('finds different numbers of devices, and none', () => {
    expect(codes(good[0], { ...good[1], devices: good[1].devices.slice(0, 2) })).toEqual(['deviceCountMismatch'])
    expect(codes({ ...good[0], devices: [] })).toEqual(['noDevices'])
  })
})

describe('what the hosts say', () => {
  const names = ['hccl_8p_01234567_10.0.0.1.json', 'hccl_8p_01234567_10.0.0.2.json'] as const
  const sources = names.map((name) => imported(name, text(name)))
  const devicesOf = (name: string) =>
    ((JSON.parse(text(name)) as RankTable).server_list[0]?.device ?? []).map(({ device_id, device_ip = '' }) =>
      device(Number(device_id), '', { ip: device_ip }),
    )
  const survey = (devices: DeviceAddress[], address = '10.0.0.2'): RankTableSurvey => ({
    hostname: 'npu-02',
    addresses: [{ address, source: 'name', iface: null }],
    devices,
    source: 'tool',
    toolProblem: null,
  })
  const compare = (found: RankTableSurvey) =>
    composeRankTables({ sources, hosts: [{ name: 'npu-02', survey: found }] }).findings.map(
      (finding) => finding.text.en,
    )

  it('is what the table says of them', () => {
    expect(compare(survey(devicesOf(names[1])))).toEqual([])
    expect(compare(survey(devicesOf(names[1]), '10.9.9.9'))).toEqual([])
  })

  it('is not judged of hosts that are not in the table, or do not know their addresses', () => {
    expect(compare(survey([device(0, '10.77.0')], '10.9.9.9'))).toEqual([])
    expect(compare(survey([device(0, '', { ip: null })]))).toEqual([])
  })

  it('shows a table that is older than the addresses', () => {
    const moved = devicesOf(names[1]).map((one) => (one.device < 2 ? { ...one, ip: `10.77.0.${one.device}` } : one))
    expect(compare(survey(moved))).toEqual([
      expect.stringMatching(
        /^Devices 0, 1 of server 10\.0\.0\.2 have other addresses on npu-02 \(10\.77\.0\.0, 10\.77\.0\.1\)/,
      ),
    ])
    const all = devicesOf(names[1]).map((one) => ({ ...one, ip: `10.77.0.${one.device}` }))
    expect(compare(survey(all))[0]).toContain('Devices 0, 1, 2, 3, 4, 5, 6, 7 of server 10.0.0.2')
  })

  it('shows devices that the host does not have', () => {
    expect(compare(survey(devicesOf(names[1]).slice(0, 6)))).toEqual([
      expect.stringContaining('npu-02 has no devices 6, 7'),
    ])
  })
})

describe('super pods', () => {
  const table = (edit: (value: RankTable) => void = () => undefined): string => {
    const value: RankTable = {
      version: '1.2',
      server_count: '2',
      server_list: ['10.0.0.1', '10.0.0.2'].map((server_id, at) => ({
        server_id,
        device: [{ device_id: '0', super_device_id: String(at), device_ip: `10.1.0.${at + 1}`, rank_id: String(at) }],
      })),
      super_pod_list: [{ super_pod_id: '0', server_list: [{ server_id: '10.0.0.1' }, { server_id: '10.0.0.2' }] }],
      status: 'completed',
    }
    edit(value)
    return JSON.stringify(value)
  }
  const check = (edit?: (value: RankTable) => void) => codes(imported('a3.json', table(edit)))

  it('are in order', () => {
    expect(check()).toEqual([])
  })

  it('need a number for each device, once, and a place for each server', () => {
    expect(check((value) => delete value.server_list[1]?.device[0]?.['super_device_id'])).toEqual(['superDevice'])
    expect(
      check((value) => {
        const found = value.server_list[1]?.device[0]
        if (found) found['super_device_id'] = '0'
      }),
    ).toEqual(['duplicateSuperDevice'])
    expect(check((value) => delete value['super_pod_list'])).toEqual(['superPod', 'superPod'])
  })

  it('show that a host without them was mixed in', () => {
    expect(codes(imported('a3.json', table()), host('npu-03', '10.0.0.3', '10.1.0', upper))).toEqual([
      'superDevice',
      'superPod',
      'deviceCountMismatch',
    ])
  })
})
