import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '#engine/protocol/index.ts'
import { createWorkbench, type Workbench } from '@/workbench/index.ts'
import { FakeWorkbench, fakeRun } from '../../../fixtures/fake-workbench.ts'

describe('createWorkbench', () => {
  let fake: FakeWorkbench
  let workbench: Workbench

  beforeEach(() => {
    fake = new FakeWorkbench()
    workbench = createWorkbench(fake.open)
  })

  afterEach(() => {
    workbench[Symbol.dispose]()
    fake[Symbol.dispose]()
  })

  it('holds calls back until the first connection is there', async () => {
    using slow = createWorkbench(fake.open)
    expect(slow.link.status).toBe('connecting')
    expect(await slow.settings.set({ theme: 'dark' })).toMatchObject({ theme: 'dark' })
    expect(slow.link.status).toBe('online')
  })

  it('rejects calls while the connection is lost', async () => {
    await workbench.whenOnline()
    fake.drop()
    expect(workbench.link.status).toBe('offline')
    await expect(workbench.settings.set({ theme: 'dark' })).rejects.toMatchObject({ code: 'rpc.closed' })
  })

  it('subscribes states again after a loss and starts them with a new snapshot', async () => {
    const seen: string[] = []
    using _watch = workbench.runs.watch(
      {},
      {
        snapshot: (runs) => seen.push(`snapshot ${runs.length}`),
        delta: (delta) => seen.push(delta.kind),
        error: (error) => seen.push((error as AppError).code),
      },
    )
    await vi.waitFor(() => expect(seen).toEqual(['snapshot 0']))
    fake.drop()
    fake.setRun(fakeRun(1))
    await vi.waitFor(() => expect(seen).toEqual(['snapshot 0', 'rpc.closed', 'snapshot 1']))
    fake.setRun(fakeRun(2))
    await vi.waitFor(() => expect(seen.at(-1)).toBe('changed'))
  })

  it('fails calls with the reason while the page has no session, and takes one over that comes later', async () => {
    vi.useFakeTimers()
    let isRefused = true
    using refused = createWorkbench(() => {
      if (isRefused) throw new AppError('session.refused')
      return fake.open()
    })
    await expect(refused.settings.loadLayout({})).rejects.toMatchObject({ code: 'session.refused' })
    expect(refused.link.status).toBe('refused')
    isRefused = false
    await vi.advanceTimersByTimeAsync(5000)
    expect(refused.link.status).toBe('online')
    vi.useRealTimers()
  })

  it('changes one setting and leaves the others', async () => {
    await workbench.settings.set({ locale: 'zh-CN' })
    expect(await workbench.settings.set({ theme: 'dark' })).toMatchObject({ locale: 'zh-CN', theme: 'dark' })
  })

  it('passes the code of a failed call on', async () => {
    await expect(workbench.runs.get({ id: fakeRun(1).id })).rejects.toMatchObject({ code: 'rpc.unknown' })
  })
})
