import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LOCAL_HOST } from '#engine/protocol/ids.ts'
import { SshSettings, type HostDraft } from '#contract/index.ts'
import { HostBook } from '#main/hosts/host-book.ts'
import { Database } from '#main/store/database.ts'
import { HostsRepository } from '#main/store/hosts-repository.ts'

let database: Database
let repository: HostsRepository
let book: HostBook
beforeEach(() => {
  database = new Database(':memory:')
  repository = new HostsRepository(database)
  book = new HostBook(repository)
})
afterEach(() => database[Symbol.dispose]())

const draft = (name: string, ssh: Partial<SshSettings> = {}): HostDraft => ({
  name,
  tags: ['lab', 'lab', '910B'],
  isAutomatic: true,
  ssh: SshSettings.parse({ address: '10.0.0.1', user: 'root', ...ssh }),
})

describe('the host book', () => {
  it('keeps entries over a restart, beside this computer', () => {
    const id = book.add(draft('训练 NPU 01', { port: 2222, keys: ['~/k'] }))
    const again = new HostBook(repository)
    expect(again.get(id)).toMatchObject({
      id: 'npu-01',
      name: { en: '训练 NPU 01', 'zh-CN': '训练 NPU 01' },
      tags: ['lab', '910B'],
      isAutomatic: true,
      ssh: { port: 2222, keys: ['~/k'], keepAliveSeconds: 4 },
    })
    expect(repository.list().map(({ id: host }) => host)).toEqual([LOCAL_HOST, id])
  })

  it('gives each entry an id of its own that files can have', () => {
    expect(['a', 'a', '机器', 'local', 'A!'].map((name) => book.add(draft(name)))).toEqual([
      'a',
      'a-2',
      'host',
      'local-2',
      'a-3',
    ])
  })

  it('edits, duplicates and removes, and tells of it', () => {
    const seen: string[] = []
    using _watching = book.onChange(({ kind, id }) => seen.push(`${kind} ${id}`))
    const id = book.add(draft('a'))
    book.edit(id, draft('b', { port: 23 }))
    const copy = book.duplicate(id)
    expect(book.get(copy)).toMatchObject({ name: { en: 'b 2' }, isAutomatic: false, ssh: { port: 23 } })
    book.remove(id)
    expect(() => book.get(id)).toThrow(expect.objectContaining({ code: 'host.unknown' }))
    expect(() => book.get(LOCAL_HOST)).toThrow(expect.objectContaining({ code: 'host.isLocal' }))
    expect(seen).toEqual(['put a', 'put a', 'put b-2', 'removed a'])
  })

  it('lets no chain of jump hosts lead back, and removes none that is in use', () => {
    const a = book.add(draft('a'))
    const b = book.add(draft('b', { jump: a }))
    const c = book.add(draft('c', { jump: b }))
    expect(() => book.edit(a, draft('a', { jump: c }))).toThrow(
      expect.objectContaining({ code: 'ssh.jumpCycle', params: { host: 'a', chain: 'a → c → b → a' } }),
    )
    expect(() => book.edit(a, draft('a', { jump: a }))).toThrow(expect.objectContaining({ code: 'ssh.jumpCycle' }))
    expect(() => book.remove(b)).toThrow(
      expect.objectContaining({ code: 'host.isJump', params: { host: 'b', users: 'c' } }),
    )
    expect(book.get(a).ssh.jump).toBeNull()
  })

  it.each([{ address: '-oProxyCommand=x' }, { address: 'a b' }, { user: '-l' }, { port: 0 }, { auth: [] }])(
    'takes no settings like %j',
    (bad) => expect(() => draft('a', bad as never)).toThrow(),
  )
})
