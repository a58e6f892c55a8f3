import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FamilyView } from '#contract/index.ts'
import HomeView from '@/features/home/HomeView.vue'
import { chooseLocale, i18n } from '@/i18n/index.ts'
import { useSavedLayout } from '@/shell/layout.ts'
import { createWorkbench, installWorkbench, type Workbench } from '@/workbench/index.ts'
import { FakeWorkbench, type FakeState, fakeHost, fakeRun } from '../../../fixtures/fake-workbench.ts'

const words = (en: string) => ({ en, 'zh-CN': en })
const family: FamilyView = {
  id: 'llama2-plugin',
  version: '1.0.0',
  api: 1,
  name: words('Llama 2'),
  description: words(''),
  frameworks: {},
  capabilities: ['plan'],
  locales: ['en', 'zh-CN'],
  main: 'plugin.js',
  contributes: {
    family: { id: 'llama2', name: 'Llama 2', sizes: [] },
    panels: [],
    recipes: [],
    metrics: [],
    tour: [
      {
        kind: 'panel',
        id: 'convert',
        title: words('Convert'),
        summary: words(''),
        panel: 'convert',
        values: { input: '{sample}/hf', output: '{tour}/mcore', tp: 2 },
      },
      { kind: 'panel', id: 'train', title: words('Train'), summary: words(''), panel: 'train', values: {} },
    ],
  },
}

describe('the home view', () => {
  let fake: FakeWorkbench
  let workbench: Workbench
  let home: VueWrapper

  const open = async (state: Partial<FakeState> = {}) => {
    fake = new FakeWorkbench({ families: [family], ...state })
    workbench = createWorkbench(fake.open)
    installWorkbench(workbench)
    home = mount(HomeView, { global: { plugins: [createPinia(), i18n] } })
    // The advice appears when hosts, runs and families are known.
    await vi.waitFor(() => expect(home.find('[data-testid=next-sentence]').exists()).toBe(true))
  }
  const by = (id: string) => home.get(`[data-testid=${id}]`)
  const stateOf = (step: string) => by(`tour-step-${step}`).attributes('data-state')

  beforeEach(() => {
    chooseLocale('en')
    useSavedLayout(null)
  })

  afterEach(() => {
    home.unmount()
    workbench[Symbol.dispose]()
    fake[Symbol.dispose]()
  })

  it('starts a step with its values filled in, marked as part of the tour', async () => {
    await open()
    await by('tour-run-convert').trigger('click')
    await vi.waitFor(() => expect(fake.started).toHaveLength(1))
    expect(fake.started[0]).toMatchObject({
      family: 'llama2',
      panel: 'convert',
      host: 'local',
      values: { input: '/opt/sample/hf', output: '/work/tour-1/mcore', tp: 2 },
      origin: { tour: 'tour-1', step: 'convert' },
    })
  })

  it('begins in a folder that is not there yet', async () => {
    await open({ paths: new Set(['/work/tour-1', '/work/tour-2']) })
    await by('tour-run-convert').trigger('click')
    await vi.waitFor(() => expect(fake.started[0]?.origin?.tour).toBe('tour-3'))
  })

  it('follows the run and enables the next step when it has succeeded', async () => {
    await open()
    await by('tour-run-convert').trigger('click')
    await vi.waitFor(() => expect(fake.state.runs).toHaveLength(1))
    await vi.waitFor(() => expect(stateOf('convert')).toBe('running'))
    expect(by('tour-run-train').attributes('disabled')).toBeDefined()
    fake.setRun({ ...fake.state.runs[0]!, state: 'succeeded' })
    await vi.waitFor(() => expect(stateOf('train')).toBe('ready'))
    expect(by('tour-run-train').attributes('disabled')).toBeUndefined()
    expect(by('next-sentence').text()).toContain('Train')
  })

  it('offers the next step as the one thing to do', async () => {
    await open()
    await by('next-action').trigger('click')
    await vi.waitFor(() => expect(fake.started[0]?.panel).toBe('convert'))
  })

  it('says what is missing on a host without the sample and starts nothing', async () => {
    const host = fakeHost()
    const facts = host.facts!
    await open({ hosts: [{ ...host, facts: { ...facts, dirs: { ...facts.dirs, sample: null } } }] })
    await vi.waitFor(() => expect(by('tour').text()).toContain('The sample is not on This computer'))
    expect(by('tour-run-convert').attributes('disabled')).toBeDefined()
  })

  it('puts a run that waits for a restart before those that go', async () => {
    await open({ runs: [fakeRun(2, { state: 'running' }), fakeRun(1, { state: 'restart' })] })
    await vi.waitFor(() => expect(by('next-sentence').text()).toContain('Run 1 waits for a restart of its host'))
  })

  it('puts an engine that is not ready before everything else', async () => {
    const host = fakeHost()
    await open({ hosts: [{ ...host, engine: { ...host.engine, state: 'failed' } }] })
    await vi.waitFor(() => expect(by('next-sentence').text()).toContain('is not ready (failed)'))
  })
})
