import { describe, expect, it } from 'vitest'
import type { RankTableSurvey } from '#contract/index.ts'
import { HostId } from '#engine/protocol/index.ts'
import { exportLine, freeLabel, likelyAddress, moved, sourcesOf, type TableNode } from '@/features/rank-tables/model.ts'

const ONE = HostId.parse('npu-01')
const TWO = HostId.parse('npu-02')
const surveyOf = (...addresses: string[]): RankTableSurvey => ({
  hostname: '',
  addresses: addresses.map((address) => ({ address, source: 'interface', iface: null })),
  devices: [0, 1].map((device) => ({ device, ip: `10.1.0.${device}`, netmask: null, gateway: null })),
  source: 'tool',
  toolProblem: null,
})
const hostNode = (host: HostId, over: Partial<TableNode & { kind: 'host' }> = {}): TableNode => ({
  kind: 'host',
  host,
  serverIp: null,
  devices: null,
  ...over,
})
const textNode = (label: string): TableNode => ({ kind: 'text', label, text: '{}' })

describe('the address of a host', () => {
  it('is the first one that no other host has', () => {
    const own = surveyOf('172.17.0.1', '10.0.0.1')
    expect(likelyAddress(own, [])).toBe('172.17.0.1')
    expect(likelyAddress(own, [surveyOf('172.17.0.1', '10.0.0.2')])).toBe('10.0.0.1')
    expect(likelyAddress(surveyOf('172.17.0.1'), [surveyOf('172.17.0.1')])).toBe('172.17.0.1')
    expect(likelyAddress(surveyOf(), [])).toBe('')
  })
})

describe('the nodes', () => {
  const surveys = new Map([
    [ONE, surveyOf('10.0.0.1')],
    [TWO, surveyOf('10.0.0.2')],
  ])
  const sources = (nodes: TableNode[]) =>
    sourcesOf(
      nodes,
      (host) => surveys.get(host) ?? null,
      (host) => `the ${host}`,
    )

  it('become sources in their order', () => {
    const nodes = [textNode('a'), hostNode(TWO), hostNode(ONE, { serverIp: '10.9.9.9', devices: [1] })]
    expect(sources(nodes)).toMatchObject([
      { kind: 'text', label: 'a', text: '{}' },
      { kind: 'host', label: 'the npu-02', serverIp: '10.0.0.2', devices: [{ device: 0 }, { device: 1 }] },
      { kind: 'host', label: 'the npu-01', serverIp: '10.9.9.9', devices: [{ device: 1 }] },
    ])
  })

  it('wait for a host that has not told its devices', () => {
    expect(sources([hostNode(ONE), hostNode(HostId.parse('away'))])).toBeNull()
  })

  it('move to another place, never over an end', () => {
    expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
    expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'c', 'b'])
    expect(moved(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c'])
    expect(moved(['a', 'b', 'c'], 2, 3)).toEqual(['a', 'b', 'c'])
  })

  it('get labels of their own', () => {
    expect(freeLabel('t.json', [])).toBe('t.json')
    expect(freeLabel('t.json', [textNode('t.json'), textNode('t.json (2)')])).toBe('t.json (3)')
  })
})

describe('the line for a shell', () => {
  it.each([
    ['/data/hccl_2s_16p.json', 'export RANK_TABLE_FILE=/data/hccl_2s_16p.json'],
    ['~/tables/hccl.json', 'export RANK_TABLE_FILE="$HOME"/tables/hccl.json'],
    ["/my data/it's.json", String.raw`export RANK_TABLE_FILE='/my data/it'\''s.json'`],
    ['~/my data/$x.json', `export RANK_TABLE_FILE="$HOME"/'my data/$x.json'`],
  ])('names %s', (path, line) => {
    expect(exportLine(path)).toBe(line)
  })
})
