import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { DeployUsage, HostView, InstalledEngines } from '#contract/index.ts'
import { HostId, AppError } from '#engine/protocol/index.ts'
import { engineRows, nodeRows } from '@/features/host/engine/deployment.ts'
import EnginePanel from '@/features/host/engine/EnginePanel.vue'
import HostDetail from '@/features/host/HostDetail.vue'
import { pendingQuestion } from '@/shell/confirm.ts'
import { fakeHost } from '../../../fixtures/fake-workbench.ts'
import { until } from '../../../fixtures/until.ts'
import { mounted } from '../mounted.ts'

const dir = '/root/.ascend-workbench'
const brought = `${dir}/runtime/node-24.21.0-linux-arm64/bin/node`
const installed: InstalledEngines = {
  dir,
  os: 'Linux',
  arch: 'aarch64',
  glibc: '2.28',
  nodes: [
    { path: '/usr/bin/node', version: '16.20.0' },
    { path: brought, version: '24.21.0' },
  ],
  node: brought,
  engines: ['1.0.0-aaaaaaaa', '1.1.0-bbbbbbbb'],
  current: '1.1.0-bbbbbbbb',
  pinned: null,
}
const version = { bytes: 4 << 20, installedAt: 1_700_000_000_000 }
const usage: DeployUsage = {
  engines: [
    { name: '1.0.0-aaaaaaaa', ...version, jobs: 0, terminals: 0, connections: 0 },
    { name: '1.1.0-bbbbbbbb', ...version, jobs: 0, terminals: 2, connections: 1 },
  ],
  runtimes: [{ name: 'node-24.21.0-linux-arm64', bytes: 120 << 20, installedAt: 1_700_000_000_000, programs: 3 }],
  totalBytes: 200 << 20,
  jobFolders: 7,
}
const remote = (change: Partial<HostView> = {}): HostView =>
  fakeHost({
    id: HostId.parse('npu-01'),
    kind: 'ssh',
    name: { en: 'npu-01', 'zh-CN': 'npu-01' },
    ssh: {
      settings: { address: '10.0.0.1', user: 'root' } as never,
      tags: [],
      isAutomatic: false,
      link: { state: 'ready', since: 0, attempts: [] },
      remembered: [],
    },
    ...change,
  })

describe('what lies on a host', () => {
  it('tells which engine is taken: the chosen one only while it is there', () => {
    const chosen = (pinned: string | null) =>
      engineRows({ ...installed, pinned }, usage).find(({ isChosen }) => isChosen)?.key
    expect(chosen(null)).toBe('1.1.0-bbbbbbbb')
    expect(chosen('1.0.0-aaaaaaaa')).toBe('1.0.0-aaaaaaaa')
    expect(chosen('gone')).toBe('1.1.0-bbbbbbbb')
  })

  it('shows a Node that was brought and does not start any more', () => {
    const rows = nodeRows({ ...installed, nodes: installed.nodes.slice(0, 1), node: null }, usage)
    expect(rows).toMatchObject([
      { key: '/usr/bin/node', version: '16.20.0', brought: null, isChosen: false },
      { key: brought, version: null, brought: 'node-24.21.0-linux-arm64', programs: 3 },
    ])
  })
})

describe('the engine of a host', () => {
  const opened = (host: HostView, deploy: Record<string, unknown> = {}) =>
    mounted(EnginePanel, { host }, { hosts: [host] }, {
      deploy: {
        watch: () => ({ snapshot: () => [], subscribe: () => ({ [Symbol.dispose]: () => undefined }) }),
        installed: () => installed,
        usage: () => usage,
        ...deploy,
      },
    } as never)

  it('of this computer needs nothing', () => {
    using page = opened(fakeHost())
    expect(page.view.text()).toContain('part of the workbench')
  })

  it('goes back to another version', async () => {
    const used: unknown[] = []
    using page = opened(remote(), { use: (input: unknown) => (used.push(input), {}) })
    await until(() => page.view.find('[data-testid="engine-use-1.0.0-aaaaaaaa"]').exists() || undefined, 'the versions')
    await page.by('engine-use-1.0.0-aaaaaaaa').trigger('click')
    await until(() => used[0], 'the call')
    expect(used).toEqual([{ host: 'npu-01', name: '1.0.0-aaaaaaaa' }])
  })

  it('shows what is being brought to it, and to no other host', async () => {
    const progress = (host: string, phase: string, done: number) => ({ host, phase, done, total: 4 << 20 })
    const list = [progress('npu-02', 'runtime', 1), progress('npu-01', 'engine', 1 << 20)]
    using page = opened(remote({ engine: { state: 'starting', since: 0 } }), {
      watch: () => ({ snapshot: () => list, subscribe: () => ({ [Symbol.dispose]: () => undefined }) }),
    })
    await until(() => page.view.find('[data-testid="engine-progress"]').exists() || undefined, 'the progress')
    expect(page.by('engine-progress').text()).toContain('Sending the engine')
    expect(page.by('engine-progress').text()).toContain('1 MiB / 4 MiB')
  })

  it('says what is lost before everything is removed, and why it failed', async () => {
    const calls: unknown[] = []
    using page = opened(remote(), {
      uninstall: (input: unknown) => {
        calls.push(input)
        throw new AppError('engine.hasJobs', { host: 'npu-01', count: 1 })
      },
    })
    const isFree = () => page.view.find('[data-testid="uninstall-all"]:not([disabled])').exists() || undefined
    await until(isFree, 'the size')
    await page.by('uninstall-all').trigger('click')
    const question = pendingQuestion.value
    expect(question?.text).toContain(dir)
    expect(question?.text).toContain('200 MiB')
    expect(question?.text).toContain('7 jobs')
    question?.answer(true)
    await until(() => calls[0], 'the call')
    expect(calls).toEqual([{ host: 'npu-01', everything: true }])
    await flushPromises()
  })

  it('keeps what is used, and nothing is uninstalled below a running job', async () => {
    using page = opened(remote({ runningJobs: 1 }))
    await until(() => page.view.text().includes('2 terminals') || undefined, 'what runs')
    expect(page.by('uninstall-running').text()).toContain('1 job runs')
    expect(page.by('uninstall-all').attributes('disabled')).toBeDefined()
    expect(page.by('engine-remove-1.1.0-bbbbbbbb').attributes('disabled')).toBeDefined()
  })
})

describe('the page of a host', () => {
  const opened = (link: Partial<NonNullable<HostView['ssh']>['link']>, change: Partial<HostView> = {}) => {
    const host = remote(change)
    const ssh = { ...host.ssh, link: { state: 'idle', since: 0, attempts: [], ...link } } as NonNullable<
      HostView['ssh']
    >
    return mounted(HostDetail, { id: 'npu-01' }, { hosts: [{ ...host, ssh }] })
  }
  const text = (page: ReturnType<typeof opened>, wanted: string) =>
    until(() => page.view.text().includes(wanted) || undefined, wanted)

  it('asks for the connection where it is needed', async () => {
    using page = opened({})
    await text(page, 'Connecting brings the engine')
    expect(page.by('host-connect').text()).toBe('Connect')
  })

  it('says why there is no connection, and keeps what was read while one comes back', async () => {
    const params = { host: 'npu-01', address: '10.0.0.1', reason: 'ECONNREFUSED' }
    const lost = { state: 'reconnecting', error: { code: 'ssh.unreachable', params, message: '' } } as const
    {
      using page = opened(lost, { facts: undefined } as never)
      await text(page, 'ECONNREFUSED')
    }
    using page = opened(lost)
    await text(page, 'Examine')
  })
})
