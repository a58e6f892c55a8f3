import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { deviceAddresses } from '../../../../../engine/launch/rank-table/addresses.ts'
import {
  buildRankTable,
  parseDeviceRange,
  rankTableName,
  visibleDevices,
} from '../../../../../engine/launch/rank-table/generate.ts'
import { mergedTableName, mergeRankTables } from '../../../../../engine/launch/rank-table/merge.ts'
import { formatRankTable, type RankTable, readRankTable } from '../../../../../engine/launch/rank-table/rank-table.ts'
import { checkRankTable } from '../../../../../engine/launch/rank-table/validate.ts'

const folder = join(import.meta.dirname, '../../../../fixtures/host/rank-tables')
const text = (name: string) => readFileSync(join(folder, name), 'utf8')
const table = (name: string) => readRankTable(text(name), name)

describe('merging rank tables', () => {
  it('writes what merge_hccl.py writes, byte for byte', () => {
    const merged = mergeRankTables([table('hccl_8p_01234567_10.0.0.1.json'), table('hccl_8p_01234567_10.0.0.2.json')])
    expect(formatRankTable(merged)).toBe(text('hccl_2s_16p.json'))
    expect(mergedTableName(merged)).toBe('hccl_2s_16p.json')
  })

  it('keeps the order of the arguments and adds tables of several servers', () => {
    const merged = mergeRankTables([table('hccl_4p_0123_10.0.0.3.json'), table('hccl_2s_4p.json')])
    expect(mergedTableName(merged)).toBe('hccl_3s_8p.json')
    expect(merged.server_list.map((server) => server.server_id)).toEqual(['10.0.0.3', '10.0.1.1', '10.0.1.2'])
    expect(merged.server_list.flatMap((server) => server.device.map((device) => device.rank_id))).toEqual(
      Array.from({ length: 8 }, (_, rank) => String(rank)),
    )
  })

  it('joins super pods of the same id and keeps their version', () => {
    const one = (id: string): RankTable => ({
      ...buildRankTable({ serverIp: id, devices: [{ physical: 0, ip: `${id}0` }] }),
      version: '1.2',
      super_pod_list: [{ super_pod_id: '0', server_list: [{ server_id: id }] }],
    })
    expect(mergeRankTables([one('10.0.0.1'), one('10.0.0.2')])).toMatchObject({
      version: '1.2',
      super_pod_list: [{ super_pod_id: '0', server_list: [{ server_id: '10.0.0.1' }, { server_id: '10.0.0.2' }] }],
    })
  })

  it.each([
    ['no JSON', '{"a": 1,}'],
    ['no server list', '{}'],
    ['a device without a rank', '{"server_list":[{"server_id":"1","device":[{"device_id":"0"}]}]}'],
  ])('names the file that holds %s', (_, content) => {
    expect(() => readRankTable(content, 'bad.json')).toThrow(
      expect.objectContaining({ code: 'host.rankTableUnreadable' }),
    )
  })
})

describe('making a rank table', () => {
  it('is what hccl_tools.py writes', () => {
    const devices = [0, 1, 2, 3].map((physical) => ({ physical, ip: `192.168.102.1${physical}` }))
    expect(formatRankTable(buildRankTable({ serverIp: '10.0.0.3', devices }))).toBe(text('hccl_4p_0123_10.0.0.3.json'))
    expect(rankTableName('10.0.0.3', [0, 1, 2, 3])).toBe('hccl_4p_0123_10.0.0.3.json')
  })

  it.each([
    ['[0,8)', 8, [0, 1, 2, 3, 4, 5, 6, 7]],
    ['[0,8]', 8, [0, 1, 2, 3, 4, 5, 6, 7]],
    ['[4, 8)', 8, [4, 5, 6, 7]],
    ['[2,4)', 8, [2, 3]],
    ['[3,11)', 16, [3, 4, 5, 6, 7, 8, 9, 10]],
  ])('reads %s of %i', (range, perNode, devices) => {
    expect(parseDeviceRange(range, perNode)).toEqual(devices)
  })

  it.each([
    ['0,8', 8, 'host.deviceRange'],
    ['[4,2)', 8, 'host.deviceRange'],
    ['[0,9)', 8, 'host.deviceRangeOutside'],
    ['[2,6)', 8, 'host.deviceRangeGroups'],
  ])('refuses %s of %i', (range, perNode, code) => {
    expect(() => parseDeviceRange(range, perNode)).toThrow(expect.objectContaining({ code }))
  })

  it('looks up the physical device behind a logical one', () => {
    expect(visibleDevices('4,5,6,7', [0, 1], '[0,2)')).toEqual([4, 5])
    expect(() => visibleDevices('4,5', [0, 1, 2], '[0,3)')).toThrow(
      expect.objectContaining({ code: 'host.tooFewDevices' }),
    )
    expect(() => visibleDevices('4,4', [0], '[0,1)')).toThrow(expect.objectContaining({ code: 'host.visibleDevices' }))
  })

  it('asks the tool first, then the configuration', async () => {
    let fallbacks = 0
    const answers = async (device: number) => `ipaddr:10.0.0.${device}\nnetmask:255.255.255.0\n`
    const asked = await deviceAddresses([4, 5], answers, '/nowhere', () => fallbacks++)
    expect([...asked]).toEqual([
      [4, '10.0.0.4'],
      [5, '10.0.0.5'],
    ])
    const conf = join(folder, '../hccn/001-conf-8-plain.txt')
    const read = await deviceAddresses(
      [0, 7],
      async () => '',
      conf,
      () => fallbacks++,
    )
    expect([...read]).toEqual([
      [0, '10.20.11.11'],
      [7, '10.20.11.18'],
    ])
    expect(fallbacks).toBe(1)
    await expect(
      deviceAddresses(
        [0],
        () => Promise.reject(new Error('spawn hccn_tool ENOENT')),
        '/nowhere',
        () => fallbacks++,
      ),
    ).rejects.toMatchObject({ code: 'host.noDeviceAddress', params: { device: 0, tool: 'spawn hccn_tool ENOENT' } })
  })
})

describe('checking a rank table', () => {
  const codes = (changed: RankTable) => checkRankTable(changed).map(({ code }) => code.replace('rankTable.', ''))
  const good = () => mergeRankTables([table('hccl_2s_4p.json')])
  const change = (edit: (changed: RankTable) => void) => {
    const changed = good()
    edit(changed)
    return codes(changed)
  }
  const device = (changed: RankTable, at: number) => {
    const found = changed.server_list.flatMap((server) => server.device)[at]
    if (!found) throw new Error(`no device ${at}`)
    return found
  }

  it('finds nothing in good ones', () => {
    expect(codes(good())).toEqual([])
    expect(codes(table('hccl_2s_4p.json'))).toEqual(['duplicateRank', 'duplicateRank', 'rankGap'])
    expect(codes(table('hccl_2s_16p.json'))).toEqual([])
  })

  it('finds what is wrong', () => {
    expect(change((one) => delete one.status)).toEqual(['status'])
    expect(change((one) => (one.status = 'initializing'))).toEqual(['status'])
    expect(change((one) => (one.version = '3'))).toEqual(['version'])
    expect(change((one) => (one.server_count = '1'))).toEqual(['serverCount'])
    expect(change((one) => (device(one, 3).rank_id = '4'))).toEqual(['rankGap'])
    expect(change((one) => (device(one, 1).rank_id = '0'))).toEqual(['duplicateRank', 'rankGap'])
    expect(change((one) => one.server_list.reverse())).toEqual(['rankOrder'])
    expect(change((one) => (device(one, 1).device_id = '0'))).toEqual(['duplicateDevice'])
    expect(change((one) => (device(one, 1).device_ip = device(one, 0).device_ip))).toEqual(['duplicateAddress'])
    expect(change((one) => (device(one, 2).device_ip = device(one, 0).device_ip))).toEqual(['sharedAddress'])
    expect(change((one) => (device(one, 0).device_ip = ''))).toEqual(['address'])
    expect(change((one) => one.server_list[1]?.device.pop())).toEqual(['deviceCountMismatch'])
    expect(codes(mergeRankTables([good(), good()]))).toEqual(['duplicateServer', 'duplicateServer', 'sharedAddress'])
  })

  it('says so in both languages', () => {
    const [finding] = checkRankTable({ ...good(), status: 'no' })
    expect(finding?.text.en).toContain('"completed"')
    expect(finding?.text['zh-CN']).toMatch(/[\u4e00-\u9fff]/)
  })
})
