import { flushPromises } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { HostView } from '#contract/index.ts'
import { AppError, HostId } from '#engine/protocol/index.ts'
import EngineContainers from '@/features/host/engine/EngineContainers.vue'
import { fakeHost } from '../../../fixtures/fake-workbench.ts'
import { until } from '../../../fixtures/until.ts'
import { mounted } from '../mounted.ts'

const dir = '/root/.ascend-workbench'
const box = { name: 'box', image: 'awb:1', glibc: '2.31', seesFolder: true, canRun: true }
const blind = { ...box, name: 'blind', seesFolder: false }
const old = { ...box, name: 'old', glibc: '2.17', canRun: false }
const hostIn = (engineContainer: string | null): HostView =>
  fakeHost({
    id: HostId.parse('npu-01'),
    kind: 'ssh',
    ssh: {
      settings: { address: '10.0.0.1', user: 'root', engineContainer } as never,
      tags: [],
      isAutomatic: false,
      link: { state: 'ready', since: 0, attempts: [] },
      remembered: [],
    },
  })
const show = (host: HostView, containers: (typeof box)[]) =>
  mounted(EngineContainers, { host, busy: null }, {}, { deploy: { containers: () => ({ dir, containers }) } })

describe('the containers that the engine may run in', () => {
  it('are offered where they can run it and see its folder, and the others say why not', async () => {
    using shown = show(hostIn(null), [box, blind, old])
    await until(() => shown.view.find('li').exists() || undefined, 'the containers')
    const rows = shown.view.findAll('li').map((row) => row.text())
    expect(rows[1]).toContain(`does not see ${dir}`)
    expect(rows[2]).toContain('too old')
    expect(shown.view.findAll('li button')).toHaveLength(1)
    await shown.by('engine-container-box').get('button').trigger('click')
    expect(shown.view.findComponent(EngineContainers).emitted('choose')).toEqual([['box']])
    expect(shown.view.text()).not.toContain('-v ')
  })

  it('tell how one has to be made where none will do', async () => {
    using shown = show(hostIn(null), [blind])
    await until(() => shown.view.find('li').exists() || undefined, 'the containers')
    expect(shown.view.text()).toContain(`-v ${dir}:${dir}`)
  })

  it('can be left for the host itself', async () => {
    using shown = show(hostIn('box'), [box])
    await until(() => shown.view.find('li').exists() || undefined, 'the containers')
    expect(shown.by('engine-container-box').text()).toContain('in use')
    await shown.by('engine-on-host').trigger('click')
    expect(shown.view.findComponent(EngineContainers).emitted('choose')).toEqual([[null]])
  })

  it('cannot be listed without docker, and that is said', async () => {
    const containers = () => {
      throw new AppError('engine.noDocker', { host: 'npu-01', reason: 'not found' })
    }
    using shown = mounted(EngineContainers, { host: hostIn(null), busy: null }, {}, { deploy: { containers } })
    await flushPromises()
    await until(() => shown.view.text().includes('cannot be listed') || undefined, 'the reason')
  })
})
