import { describe, expect, it } from 'vitest'
import type { ForwardView, HostView } from '#contract/index.ts'
import { HostId } from '#engine/protocol/index.ts'
import { forwardSettings, forwardValues } from '@/features/host/forwards/forward-draft.ts'
import ForwardsPanel from '@/features/host/forwards/ForwardsPanel.vue'
import { pendingQuestion } from '@/shell/confirm.ts'
import { fakeHost } from '../../../fixtures/fake-workbench.ts'
import { until } from '../../../fixtures/until.ts'
import { mounted } from '../mounted.ts'

const id = HostId.parse('npu-01')
const forwardOf = (change: Partial<ForwardView> = {}): ForwardView => ({
  id: 'one',
  host: id,
  settings: {
    kind: 'local',
    name: 'TensorBoard',
    listen: { address: '127.0.0.1', port: 0 },
    target: { host: '127.0.0.1', port: 6006 },
    isAutomatic: true,
  },
  state: 'open',
  listening: { address: '127.0.0.1', port: 41_007 },
  connections: 2,
  ...change,
})

describe('the editor of a forward', () => {
  it('gives back what it was opened with', () => {
    const { settings } = forwardOf()
    expect(forwardSettings(forwardValues(forwardOf()))).toEqual({ settings })
    const dynamic = { kind: 'dynamic', name: '', listen: { address: '::1', port: 1080 }, isAutomatic: false } as const
    expect(forwardSettings(forwardValues(forwardOf({ settings: dynamic })))).toEqual({ settings: dynamic })
  })

  it('begins on loopback, with any free port', () => {
    expect(forwardSettings({ ...forwardValues(null), targetPort: '80' })).toMatchObject({
      settings: { kind: 'local', listen: { address: '127.0.0.1', port: 0 }, target: { host: '127.0.0.1', port: 80 } },
    })
  })

  it('says what is wrong, by field; a proxy has no target', () => {
    const bad = { ...forwardValues(null), address: '-x', port: '70000', targetHost: '', targetPort: '0' }
    expect(forwardSettings(bad)).toEqual({
      problems: { address: 'badAddress', port: 'badPort', targetHost: 'required', targetPort: 'badPort' },
    })
    expect(forwardSettings({ ...bad, kind: 'dynamic' })).toEqual({
      problems: { address: 'badAddress', port: 'badPort' },
    })
  })
})

describe('the forwards of a host', () => {
  const remote = fakeHost({
    id,
    kind: 'ssh',
    name: { en: 'npu-01', 'zh-CN': 'npu-01' },
    ssh: {
      settings: { address: '10.0.0.1', user: 'root' } as never,
      tags: [],
      isAutomatic: false,
      link: { state: 'ready', since: 0, attempts: [] },
      remembered: [],
    },
  })
  const opened = (list: ForwardView[], host: HostView = remote, calls: Record<string, unknown> = {}) =>
    mounted(ForwardsPanel, { host }, { hosts: [host] }, {
      forwards: {
        watch: () => ({ snapshot: () => list, subscribe: () => ({ [Symbol.dispose]: () => undefined }) }),
        ...calls,
      },
    } as never)
  const there = (page: ReturnType<typeof opened>, testId: string) =>
    until(() => page.view.find(`[data-testid="${testId}"]`).exists() || undefined, testId)

  it('say where they listen, who is connected, and what went wrong', async () => {
    const params = { address: '0.0.0.0', port: 80 }
    using page = opened([
      forwardOf(),
      forwardOf({
        id: 'two',
        state: 'failed',
        listening: undefined,
        settings: { kind: 'dynamic', name: '', listen: params, isAutomatic: false },
        error: { code: 'ssh.portTaken', params, message: '' },
      }),
    ])
    await there(page, 'forward-two')
    expect(page.by('forward-one').text()).toContain('127.0.0.1:41007 of this computer → 127.0.0.1:6006')
    expect(page.by('forward-one').text()).toContain('2 connections')
    expect(page.by('forward-two').text()).toContain('Another program of this computer listens on 0.0.0.0:80')
    expect(page.by('forward-two').text()).toContain('reachable from the network')
  })

  it('are stopped, and removed after asking', async () => {
    const calls: unknown[] = []
    using page = opened([forwardOf()], remote, {
      stop: (input: unknown) => (calls.push(['stop', input]), {}),
      remove: (input: unknown) => (calls.push(['remove', input]), {}),
    })
    await there(page, 'forward-stop')
    await page.by('forward-stop').trigger('click')
    await page.by('forward-remove').trigger('click')
    expect(pendingQuestion.value?.text).toContain('2 open connections end')
    pendingQuestion.value?.answer(true)
    await until(() => calls[1], 'the calls')
    expect(calls).toEqual([
      ['stop', { id: 'one' }],
      ['remove', { id: 'one' }],
    ])
  })

  it('cannot be started while the host is not connected', async () => {
    const link = { state: 'idle' as const, since: 0, attempts: [] }
    const idle = { ...remote, ssh: { ...remote.ssh, link } } as HostView
    using page = opened([forwardOf({ state: 'stopped', listening: undefined, connections: 0 })], idle)
    await there(page, 'forward-start')
    expect(page.by('forward-start').attributes('disabled')).toBeDefined()
    expect(page.view.text()).toContain('The host is not connected')
  })
})
