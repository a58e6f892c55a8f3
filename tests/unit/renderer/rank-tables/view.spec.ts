import { describe, expect, it, vi } from 'vitest'
import type { RankTableComposition, RankTableSource, RankTableSurvey } from '#contract/index.ts'
import { AppError, HostId } from '#engine/protocol/index.ts'
import RankTablesView from '@/features/rank-tables/RankTablesView.vue'
import { pendingQuestion } from '@/shell/confirm.ts'
import { fakeHost } from '../../../fixtures/fake-workbench.ts'
import { mounted } from '../mounted.ts'

const ids = [HostId.parse('npu-01'), HostId.parse('npu-02')]
const hosts = ids.map((id) => fakeHost({ id, kind: 'ssh', name: { en: id, 'zh-CN': id } }))
const surveyOf = (host: string): RankTableSurvey => ({
  hostname: host,
  addresses: [
    { address: '172.17.0.1', source: 'interface', iface: 'docker0' },
    { address: `10.0.0.${host.at(-1)}`, source: 'ssh', iface: 'eth0' },
  ],
  devices: [0, 1].map((device) => ({
    device,
    ip: `10.1.${host.at(-1)}.${device + 1}`,
    netmask: '255.255.0.0',
    gateway: null,
  })),
  source: 'tool',
  toolProblem: null,
})

/** Of the engine's answer what the page shows: servers in the order of the sources, and one thing that can be wrong. */
function composition(sources: readonly RankTableSource[]): RankTableComposition {
  const hostSources = sources.flatMap((source) => (source.kind === 'host' ? [source] : []))
  const server_list = hostSources.map(({ serverIp, devices }) => ({ server_id: serverIp, device: devices }))
  const ranks = hostSources.reduce((sum, { devices }) => sum + devices.length, 0)
  const name = `hccl_${sources.length}s_${ranks}p.json`
  const isTwice = new Set(hostSources.map(({ serverIp }) => serverIp)).size < hostSources.length
  const text = 'appears more than once'
  return {
    tables: sources.map(({ label }) => ({ label, file: { name: `${label}.json`, text: '{}' }, error: null, ranks: 2 })),
    merged: { name, text: JSON.stringify({ server_list }), servers: sources.length, ranks },
    findings: isTwice ? [{ level: 'error', code: 'rankTable.duplicateServer', text: { en: text, 'zh-CN': text } }] : [],
  }
}

function setUp(over: { hosts?: typeof hosts } = {}) {
  const sent: unknown[] = []
  const composed: RankTableSource[][] = []
  let differs = false
  const view = mounted(
    RankTablesView,
    {},
    { hosts: over.hosts ?? hosts },
    {
      rankTables: {
        survey: ({ host }) => {
          if (host === 'broken') throw new AppError('engine.unavailable', { host, state: 'stopped' })
          return surveyOf(host)
        },
        compose: ({ sources }) => {
          composed.push(sources)
          return composition(sources)
        },
        distribute: (order) => {
          sent.push(order)
          const isBlocked = differs && Object.keys(order.replace).length === 0
          const state = isBlocked ? ('differs' as const) : ('written' as const)
          return {
            isDone: !isBlocked,
            places: order.hosts.map((host) => ({
              host,
              state,
              sha256: isBlocked ? 'a'.repeat(64) : null,
              error: null,
            })),
          }
        },
      },
    },
  )
  const text = () => view.by('rank-table-text').text()
  const has = (testId: string) => view.view.find(`[data-testid="${testId}"]`).exists()
  return {
    ...view,
    text,
    has,
    sent,
    composed,
    letDiffer: () => (differs = true),
    [Symbol.dispose]: view[Symbol.dispose],
  }
}
const servers = (text: string) =>
  (JSON.parse(text) as { server_list: { server_id: string; device: unknown[] }[] }).server_list

async function withBoth() {
  const page = setUp()
  await vi.waitFor(() => page.by('rank-table-all'))
  await page.by('rank-table-all').trigger('click')
  await vi.waitFor(() => expect(servers(page.text())).toHaveLength(2))
  return page
}

describe('the page of rank tables', () => {
  it('makes one table of all connected hosts, with the address that tells them apart', async () => {
    using page = await withBoth()
    expect(servers(page.text()).map(({ server_id }) => server_id)).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(page.by('rank-table-facts').text()).toBe('2 servers, 4 ranks')
    expect(page.has('rank-table-fine')).toBe(true)
  })

  it('follows the order of the nodes, and which devices take part', async () => {
    using page = await withBoth()
    await page.by('rank-node-npu-01').get('[aria-label="Move npu-01 down"]').trigger('click')
    await vi.waitFor(() => expect(servers(page.text())[0]?.server_id).toBe('10.0.0.2'))
    await page.by('rank-device-npu-01-1').setValue(false)
    await vi.waitFor(() => expect(servers(page.text())[1]?.device).toHaveLength(1))
    expect(page.by('rank-table-facts').text()).toBe('2 servers, 3 ranks')
  })

  it('names what is wrong, and does not distribute it', async () => {
    using page = await withBoth()
    const address = page.by('rank-address-npu-02').get('input')
    await address.setValue('10.0.0.1')
    await vi.waitFor(() => expect(page.by('rank-table-findings').text()).toContain('appears more than once'))
    expect(page.by('rank-table-send').attributes('disabled')).toBeDefined()
  })

  it('puts the table on all hosts, after asking where another file is', async () => {
    using page = await withBoth()
    page.letDiffer()
    await page.by('rank-table-send').trigger('click')
    await vi.waitFor(() => expect(pendingQuestion.value?.text).toContain('npu-01, npu-02'))
    pendingQuestion.value?.answer(true)
    await vi.waitFor(() => expect(page.by('rank-table-at-npu-02').attributes('data-state')).toBe('written'))
    // News of a host, such as its round trip, do not take the outcome away.
    page.fake.setHost({ ...(hosts[0] ?? expect.unreachable()), name: { en: 'first', 'zh-CN': 'first' } })
    await vi.waitFor(() => expect(page.by('rank-table-at-npu-01').text()).toContain('first'))
    expect(page.by('rank-table-at-npu-02').attributes('data-state')).toBe('written')
    expect(page.sent).toMatchObject([
      { hosts: ids, path: '~/ascend-workbench/rank-tables/hccl_2s_4p.json', replace: {} },
      { replace: { 'npu-01': 'a'.repeat(64), 'npu-02': 'a'.repeat(64) } },
    ])
  })

  it('writes nothing when the user does not want another file replaced', async () => {
    using page = await withBoth()
    page.letDiffer()
    await page.by('rank-table-send').trigger('click')
    await vi.waitFor(() => expect(pendingQuestion.value).not.toBeNull())
    pendingQuestion.value?.answer(false)
    await vi.waitFor(() => expect(page.by('rank-table-at-npu-01').attributes('data-state')).toBe('differs'))
    expect(page.sent).toHaveLength(1)
    expect(page.by('rank-table-distribute').text()).toContain('Nothing was written on any host.')
  })

  it('says that a host is not connected, and waits for it', async () => {
    const away = fakeHost({
      id: HostId.parse('npu-02'),
      kind: 'ssh',
      name: { en: 'npu-02', 'zh-CN': 'npu-02' },
      engine: { state: 'stopped', since: 0 },
    })
    using page = setUp({ hosts: [hosts[0] ?? expect.unreachable(), away] })
    await vi.waitFor(() => page.by('rank-table-all'))
    await page.by('rank-table-all').trigger('click')
    await vi.waitFor(() => page.by('rank-node-npu-01'))
    await page.by('rank-table-add').get('button').trigger('click')
    await vi.waitFor(() => page.by('rank-table-add-npu-02'))
    await page.by('rank-table-add-npu-02').trigger('click')
    await vi.waitFor(() => expect(page.has('rank-node-offline')).toBe(true))
    await vi.waitFor(() => expect(page.has('rank-table-text')).toBe(false))
    page.fake.setHost({ ...away, engine: { state: 'ready', since: 1 } })
    await vi.waitFor(() => expect(servers(page.text())).toHaveLength(2))
  })
})
