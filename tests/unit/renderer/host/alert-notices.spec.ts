import { afterEach, describe, expect, it, vi } from 'vitest'
import { defineComponent, h } from 'vue'
import type { HostNpus, NpuAlert } from '#contract/index.ts'
import { HostId } from '#engine/protocol/index.ts'
import { useAlertNotices } from '@/features/host/npus/alert-notices.ts'
import { dismiss, notifications } from '@/shell/notifications.ts'
import { problemCount } from '@/shell/problems.ts'
import { fakeHost } from '../../../fixtures/fake-workbench.ts'
import { sampleOf } from '../../main/monitor/samples.ts'
import { mounted } from '../mounted.ts'

const HOST = HostId.parse('npu-01')
const alertOf = (npu: number): NpuAlert => ({
  id: `${HOST} health ${npu}`,
  host: HOST,
  kind: 'health',
  npu,
  chip: 0,
  text: { en: `NPU ${npu} reports Alarm.`, 'zh-CN': '' },
  since: 1,
})
const npusWith = (...alerts: NpuAlert[]): HostNpus => ({ host: HOST, sample: sampleOf([]), alerts })
const view = defineComponent(() => {
  useAlertNotices()
  return () => h('div')
})

afterEach(() => {
  for (const { id } of [...notifications()]) dismiss(id)
})

describe('alerts of NPUs', () => {
  it('are told once when they begin, and stand under Problems until they end', async () => {
    const periods: number[] = []
    let emit: (delta: { kind: 'changed'; host: HostNpus }) => void = () => undefined
    const host = fakeHost({ id: HOST, kind: 'ssh', name: { en: 'npu-01', 'zh-CN': 'npu-01' } })
    using _page = mounted(
      view,
      {},
      { hosts: [host] },
      {
        npus: {
          watch: ({ periodMs }) => {
            periods.push(periodMs)
            return {
              snapshot: () => [npusWith(alertOf(0))],
              subscribe: (listener) => {
                emit = listener
                return { [Symbol.dispose]: () => undefined }
              },
            }
          },
        },
      },
    )
    await vi.waitFor(() => expect(problemCount.value).toBe(1))
    expect(periods).toEqual([30_000])
    expect(notifications()).toEqual([])
    emit({ kind: 'changed', host: npusWith(alertOf(0), alertOf(3), alertOf(4)) })
    await vi.waitFor(() => expect(notifications()).toHaveLength(1))
    expect(notifications()[0]).toMatchObject({
      title: 'npu-01: 2 new alerts',
      text: 'NPU 3 reports Alarm. NPU 4 reports Alarm.',
    })
    emit({ kind: 'changed', host: npusWith(alertOf(3)) })
    await vi.waitFor(() => expect(problemCount.value).toBe(1))
    emit({ kind: 'changed', host: npusWith() })
    await vi.waitFor(() => expect(problemCount.value).toBe(0))
    expect(notifications()).toHaveLength(1)
  })
})
