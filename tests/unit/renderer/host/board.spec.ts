import { describe, expect, it, vi } from 'vitest'
import type { HostNpus, HostView, NpuAlert } from '#contract/index.ts'
import { HostId, LOCAL_HOST } from '#engine/protocol/index.ts'
import { belongs, boardRow, sortRows } from '@/features/host/npus/board/board-rows.ts'
import NpuBoardView from '@/features/host/npus/board/NpuBoardView.vue'
import { fakeHost } from '../../../fixtures/fake-workbench.ts'
import { chipOf, sampleOf } from '../../main/monitor/samples.ts'
import { mounted } from '../mounted.ts'

const hostOf = (name: string, over: Partial<HostView> = {}): HostView =>
  fakeHost({ id: HostId.parse(name), kind: 'ssh', name: { en: name, 'zh-CN': name }, ...over })
const away = { engine: { state: 'stopped' as const, since: 1 } }
const alertOf = (host: HostId): NpuAlert => ({
  id: `${host} temperature 0`,
  host,
  kind: 'temperature',
  npu: 0,
  chip: 0,
  text: { en: 'NPU 0 has 90 °C', 'zh-CN': '' },
  since: 1,
})
const npusOf = (host: HostView, busy: number[], over: Partial<HostNpus> = {}): HostNpus => ({
  host: host.id,
  sample: sampleOf(busy.map((aicorePct, npu) => chipOf(npu, { aicorePct, tempC: 40 + aicorePct / 10 }))),
  alerts: [],
  ...over,
})

const busy = hostOf('npu-10')
const idle = hostOf('npu-2')
const ill = hostOf('npu-3')
const off = hostOf('npu-1', away)
const samples = [
  npusOf(busy, [90, 80]),
  npusOf(idle, [0, 0]),
  npusOf(ill, [50, 50], { alerts: [alertOf(ill.id)] }),
  { host: off.id, sample: null, alerts: [] },
]
const rows = [busy, idle, ill, off].map((host) =>
  boardRow(
    host,
    samples.find((found) => found.host === host.id),
  ),
)
const sorted = (order: Parameters<typeof sortRows>[1]) =>
  sortRows(rows, order, ({ name }) => name.en).map(({ host }) => host.name.en)

describe('the rows of the board', () => {
  it('sum up a host', () => {
    expect(rows[0]).toMatchObject({ busyPct: 85, usedMB: 60_000, totalMB: 131_072, tempC: 49, isIll: false })
    expect(rows[2]).toMatchObject({ isIll: true })
    expect(rows[3]).toMatchObject({ isOnline: false, isIll: false, busyPct: null, tempC: null })
  })

  it('are ordered, those of which nothing is known at the end', () => {
    expect(sorted('name')).toEqual(['npu-1', 'npu-2', 'npu-3', 'npu-10'])
    expect(sorted('busy')).toEqual(['npu-10', 'npu-3', 'npu-2', 'npu-1'])
    expect(sorted('idle')).toEqual(['npu-2', 'npu-3', 'npu-10', 'npu-1'])
    expect(sorted('warm')).toEqual(['npu-10', 'npu-3', 'npu-2', 'npu-1'])
    expect(sorted('ill')[0]).toBe('npu-3')
  })

  it('count a chip that is not healthy and a connection that failed as ill', () => {
    const sick = npusOf(idle, [0])
    const sample = { ...sick, sample: sampleOf([chipOf(0, { health: 'Alarm' })]) }
    expect(boardRow(idle, sample).isIll).toBe(true)
    expect(boardRow(hostOf('x', { engine: { state: 'failed', since: 1 } }), undefined).isIll).toBe(true)
  })

  it('leave out this computer and hosts without NPUs', () => {
    const without = (host: HostView) => boardRow(host, { host: host.id, sample: sampleOf([]), alerts: [] })
    expect(belongs(without(fakeHost()))).toBe(false)
    expect(belongs(without(idle))).toBe(false)
    expect(belongs(boardRow(fakeHost(), { host: LOCAL_HOST, sample: null, alerts: [] }))).toBe(false)
    expect(rows.every(belongs)).toBe(true)
  })
})

describe('the board', () => {
  it('shows all hosts, those that are not connected too, and filters to the ill ones', async () => {
    using page = mounted(
      NpuBoardView,
      {},
      { hosts: [fakeHost(), busy, idle, ill, off] },
      {
        npus: { watch: () => ({ snapshot: () => samples, subscribe: () => ({ [Symbol.dispose]: () => undefined }) }) },
      },
    )
    const names = () => page.view.findAll('[data-testid="npu-board"] h2').map((heading) => heading.text())
    await vi.waitFor(() => expect(names()).toEqual(['npu-1', 'npu-2', 'npu-3', 'npu-10']))
    expect(page.view.text()).toContain('4 hosts · 6 NPUs · 1 is ill · 1 is not connected')
    expect(page.by('board-npu-3').text()).toContain('NPU 0 has 90 °C')
    expect(page.by('board-npu-1').text()).toContain('Nothing is known of its NPUs')
    await page.by('board-only-ill').trigger('click')
    expect(names()).toEqual(['npu-3'])
  })
})
