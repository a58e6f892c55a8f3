import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { useSavedLayout } from '@/shell/layout.ts'
import { useTabs } from '@/shell/tabs.ts'
import { createWorkbench, installWorkbench, type Workbench } from '@/workbench/index.ts'
import { FakeWorkbench } from '../../../fixtures/fake-workbench.ts'

describe('useTabs', () => {
  let fake: FakeWorkbench
  let workbench: Workbench
  const ids = () => useTabs().list.map(({ id }) => id)

  beforeEach(() => {
    fake = new FakeWorkbench()
    workbench = createWorkbench(fake.open)
    installWorkbench(workbench)
    useSavedLayout(null)
    setActivePinia(createPinia())
  })

  afterEach(() => {
    workbench[Symbol.dispose]()
    fake[Symbol.dispose]()
  })

  it('starts with the home view', () => {
    expect(useTabs().active).toMatchObject({ kind: 'home' })
  })

  it('opens beside the active tab, and goes to a tab that is open already', () => {
    const tabs = useTabs()
    tabs.open({ kind: 'runs', id: 'runs' })
    tabs.activate('home')
    tabs.open({ kind: 'run', id: 'run:1', props: { id: '1' } })
    expect(ids()).toEqual(['home', 'run:1', 'runs'])
    tabs.open({ kind: 'runs', id: 'runs' })
    expect(ids()).toEqual(['home', 'run:1', 'runs'])
    expect(tabs.active?.id).toBe('runs')
  })

  it('keeps the props of a tab that is opened again without any', () => {
    const tabs = useTabs()
    tabs.open({ kind: 'run', id: 'run:1', props: { id: '1' } })
    tabs.open({ kind: 'run', id: 'run:1' })
    expect(tabs.active?.props).toEqual({ id: '1' })
  })

  it('goes back to the tab looked at before when one is closed, and never runs out of tabs', () => {
    const tabs = useTabs()
    tabs.open({ kind: 'runs', id: 'runs' })
    tabs.open({ kind: 'hosts', id: 'hosts' })
    tabs.activate('runs')
    tabs.activate('home')
    tabs.close('home')
    expect(tabs.active?.id).toBe('runs')
    tabs.close('runs')
    tabs.close('hosts')
    expect(ids()).toEqual(['home'])
    expect(tabs.active?.id).toBe('home')
  })

  it('walks around the ends', () => {
    const tabs = useTabs()
    tabs.open({ kind: 'runs', id: 'runs' })
    tabs.step(1)
    expect(tabs.active?.id).toBe('home')
    tabs.step(-1)
    expect(tabs.active?.id).toBe('runs')
  })

  it('is saved, and restored from what was saved', async () => {
    useTabs().open({ kind: 'run', id: 'run:7', props: { id: '7' } })
    await vi.waitFor(() => expect(fake.state.layout).toMatchObject({ tabs: { activeId: 'run:7' } }))
    const { layout } = fake.state
    useSavedLayout(null)
    expect(ids()).toEqual(['home'])
    useSavedLayout(layout)
    expect(useTabs().active).toEqual({ kind: 'run', id: 'run:7', props: { id: '7' } })
  })

  it('falls back to home when what was saved is not readable', () => {
    useSavedLayout({ tabs: { list: 'broken' } })
    expect(ids()).toEqual(['home'])
  })
})
