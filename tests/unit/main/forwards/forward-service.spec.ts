import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HostId, LOCAL_HOST } from '#engine/protocol/ids.ts'
import { ForwardSettings, HostDraft, isLoopback, type ForwardDelta, type LinkView } from '#contract/index.ts'
import { Emitter } from '#main/emitter.ts'
import { ForwardService } from '#main/forwards/forward-service.ts'
import { HostBook } from '#main/hosts/host-book.ts'
import type { LinkChange, LinkPool } from '#main/links/link-pool.ts'
import { Database } from '#main/store/database.ts'
import { ForwardsRepository } from '#main/store/forwards-repository.ts'
import { HostsRepository } from '#main/store/hosts-repository.ts'
import { FakeClock } from '../../../fixtures/fakes/clock.ts'
import { until } from '../../../fixtures/until.ts'

const view = (state: LinkView['state']): LinkView => ({ state, since: 0, attempts: [] })

/** Links that say what a test tells them to. */
class FakeLinks {
  readonly changed = new Emitter<LinkChange>()
  view = view('idle')
  onChange = (listener: (change: LinkChange) => void) => this.changed.on(listener)
  of = () => ({ name: 'npu-01', view: this.view })

  enter(host: HostId, state: LinkView['state']): void {
    this.view = view(state)
    this.changed.emit({ host, view: this.view })
  }
}

const target = { host: '127.0.0.1', port: 1 }
const local = (more: object = {}) => ForwardSettings.parse({ kind: 'local', listen: { port: 0 }, target, ...more })

describe('the port forwards', () => {
  let database: Database
  let book: HostBook
  let links: FakeLinks
  let clock: FakeClock
  let service: ForwardService
  let host: HostId
  let deltas: ForwardDelta[]
  let number = 0

  const open = () => {
    const services = { repository: new ForwardsRepository(database), book, clock, randomId: () => `id-${++number}` }
    service = new ForwardService({ ...services, links: links as unknown as LinkPool })
    service.start()
    service.onChange((delta) => deltas.push(delta))
  }
  beforeEach(() => {
    database = new Database(':memory:')
    book = new HostBook(new HostsRepository(database))
    links = new FakeLinks()
    clock = new FakeClock()
    deltas = []
    host = book.add(HostDraft.parse({ name: 'npu-01', ssh: { address: 'x', user: 'y' } }))
    open()
  })
  afterEach(() => {
    service[Symbol.dispose]()
    database[Symbol.dispose]()
  })
  const only = () => service.list()[0]

  it('are kept, in their order, and open with the next connection', async () => {
    service.add(host, local({ name: 'TensorBoard', isAutomatic: true }))
    service.add(host, ForwardSettings.parse({ kind: 'dynamic', listen: { port: 0 } }))
    const before = service.list()
    service[Symbol.dispose]()
    open()
    expect(service.list()).toEqual(before)
    expect(before.map(({ settings }) => settings.kind)).toEqual(['local', 'dynamic'])
    links.enter(host, 'ready')
    const opened = await until(() => (only()?.state === 'open' ? only() : undefined), 'the port')
    expect(opened?.listening).toMatchObject({ address: '127.0.0.1' })
    expect(service.list()[1]?.state).toBe('stopped')
    links.enter(host, 'idle')
    expect(only()?.state).toBe('stopped')
  })

  it('go with their host', () => {
    const id = service.add(host, local())
    book.remove(host)
    expect(service.list()).toEqual([])
    expect(deltas.at(-1)).toEqual({ kind: 'removed', id })
    expect(new ForwardsRepository(database).list()).toEqual([])
  })

  it('belong to hosts of the book', () => {
    expect(() => service.add(LOCAL_HOST, local())).toThrow(expect.objectContaining({ code: 'host.isLocal' }))
    expect(() => service.add(HostId.parse('gone'), local())).toThrow(expect.objectContaining({ code: 'host.unknown' }))
    expect(() => service.edit('gone', local())).toThrow(expect.objectContaining({ code: 'forward.unknown' }))
  })

  it('do not share a port of one machine', () => {
    const settings = local({ listen: { port: 8080 } })
    const id = service.add(host, settings)
    expect(() => service.add(host, settings)).toThrow(expect.objectContaining({ code: 'forward.duplicate' }))
    service.add(host, ForwardSettings.parse({ ...settings, kind: 'remote' }))
    service.edit(id, { ...settings, name: 'same port, another name' })
    expect(only()?.settings.name).toBe('same port, another name')
  })

  it('try a taken port again after growing delays, until they are stopped', async () => {
    const other = createServer()
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const { port } = other.address() as AddressInfo
    const id = service.add(host, local({ listen: { port } }))
    expect(() => service.startOne(id)).toThrow(expect.objectContaining({ code: 'ssh.notConnected' }))
    links.enter(host, 'ready')
    service.startOne(id)
    await until(() => (only()?.state === 'failed' ? true : undefined), 'the failure')
    expect(only()?.error).toMatchObject({ code: 'ssh.portTaken', params: { port } })
    expect(clock.waiting).toBe(1)
    service.stopOne(id)
    expect(only()).toMatchObject({ state: 'stopped' })
    expect(only()?.error).toBeUndefined()
    expect(clock.waiting).toBe(0)
    other.close()
  })
})

it('knows which addresses stay on a machine', () => {
  for (const address of ['127.0.0.1', '127.0.0.53', 'localhost', '::1']) expect(isLoopback(address)).toBe(true)
  for (const address of ['0.0.0.0', '::', '*', '10.0.0.1', '127.example.com']) expect(isLoopback(address)).toBe(false)
})
