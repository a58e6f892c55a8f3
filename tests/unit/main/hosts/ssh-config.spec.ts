import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostId } from '#engine/protocol/ids.ts'
import { SshSettings, type HostDraft } from '#contract/index.ts'
import { HostBook } from '#main/hosts/host-book.ts'
import { SshConfigImport } from '#main/hosts/ssh-config/import.ts'
import type { SshHosts } from '#main/hosts/ssh-hosts.ts'
import { Database } from '#main/store/database.ts'
import { HostsRepository } from '#main/store/hosts-repository.ts'

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'awb-config-'))
  mkdirSync(join(home, '.ssh', 'conf.d'), { recursive: true })
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** An importer over an empty book, for a configuration of this text. */
function over(text: string) {
  writeFileSync(join(home, '.ssh', 'config'), text)
  const database = new Database(':memory:')
  const book = new HostBook(new HostsRepository(database))
  const importer = new SshConfigImport(book, book as unknown as SshHosts, home, 'me')
  return { book, importer, [Symbol.dispose]: () => database[Symbol.dispose]() }
}

const candidates = async (text: string) => {
  using made = over(text)
  return (await made.importer.read()).candidates
}

describe('an SSH configuration', () => {
  it('gives hosts with the first value of each option, and all keys', async () => {
    const [npu, plain] = await candidates(
      `
      Host npu plain  # two names
      Host npu
        HostName=10.0.0.1
        Port 2222
        User "root"
        IdentityFile ~/.ssh/first
        ServerAliveInterval 60
        IdentitiesOnly yes
      Host *
        User someone
        Port 99
        IdentityFile "%d/.ssh/with blank"
    `,
    )
    expect(npu).toMatchObject({
      alias: 'npu',
      draft: {
        name: 'npu',
        ssh: {
          address: '10.0.0.1',
          port: 2222,
          user: 'root',
          keys: ['~/.ssh/first', '~/.ssh/with blank'],
          identitiesOnly: true,
          keepAliveSeconds: 5,
        },
      },
      jumps: [],
      existing: null,
    })
    expect(plain?.draft.ssh).toMatchObject({ address: 'plain', port: 99, user: 'someone' })
  })

  it('takes options before the first host for all, and the user of this computer where none is named', async () => {
    const [host] = await candidates('Port 2200\nHost a\n  HostName %h.example.org\n')
    expect(host?.draft.ssh).toMatchObject({ address: 'a.example.org', port: 2200, user: 'me' })
  })

  it('names no patterns as hosts, and lets negated ones be left out', async () => {
    const list = await candidates('Host a b !c\nHost n-*\nHost * !a\n  User not-a\n')
    expect(list.map(({ alias, draft }) => [alias, draft.ssh.user])).toEqual([
      ['a', 'me'],
      ['b', 'not-a'],
    ])
  })

  it('follows includes in order and within their block, also with wildcards, and tells what is missing', async () => {
    writeFileSync(join(home, '.ssh', 'conf.d', '1'), 'Port 1\n')
    writeFileSync(join(home, '.ssh', 'conf.d', '2'), 'Port 2\nHost inner\n  User inner\n')
    using made = over('Host a\n  Include conf.d/*\n  User a\nHost b\n  User b\nMatch exec "true"\n  User nobody\n')
    const { candidates: list, notes } = await made.importer.read()
    expect(list.map(({ alias, draft: { ssh } }) => [alias, ssh.port, ssh.user])).toEqual([
      ['a', 1, 'a'],
      ['inner', 22, 'inner'],
      ['b', 22, 'b'],
    ])
    expect(notes).toEqual(['Match exec "true"'])
  })

  it('does not include itself for ever', async () => {
    using made = over('Include config\nHost a\n')
    const { candidates: list, notes } = await made.importer.read()
    expect(list.map(({ alias }) => alias)).toEqual(['a'])
    expect(notes.length).toBeGreaterThan(0)
  })

  it('says what it does not do, and the order of logins', async () => {
    const [host] = await candidates(
      'Host a\n  ProxyCommand nc %h %p\n  ControlMaster auto\n  PreferredAuthentications password,publickey\n  IdentityAgent none\n',
    )
    expect(host?.notes).toEqual(['ProxyCommand', 'ControlMaster'])
    expect(host?.draft.ssh.auth).toEqual(['password', 'key'])
  })

  it('takes certificates over with the keys', async () => {
    const [host] = await candidates('Host a\n  IdentityFile ~/.ssh/work\n  CertificateFile ~/.ssh/%h-cert.pub\n')
    expect(host?.notes).toEqual([])
    expect(host?.draft.ssh.keys).toEqual(['~/.ssh/a-cert.pub', '~/.ssh/work'])
  })

  it('reports a file that is not there', async () => {
    using made = over('')
    await expect(made.importer.read('/nowhere/config')).rejects.toMatchObject({ code: 'sshConfig.unreadable' })
  })
})

describe('importing', () => {
  const names = (book: HostBook) =>
    Object.fromEntries(book.list().map(({ name, ssh }) => [name.en, ssh.jump && book.get(ssh.jump).name.en]))

  it('brings the jump hosts along, chains and those that have no entry, too', async () => {
    using made = over(
      'Host c\n  ProxyJump b\nHost b\n  ProxyJump a\nHost a\nHost d\n  ProxyJump a,user@far:2200\nHost e\n',
    )
    await made.importer.take(['c', 'd'])
    expect(names(made.book)).toEqual({ a: null, b: 'a', c: 'b', 'user@far:2200': 'a', d: 'user@far:2200' })
    expect(made.book.list().find(({ name }) => name.en.startsWith('user@'))?.ssh).toMatchObject({
      address: 'far',
      port: 2200,
      user: 'user',
    })
  })

  it('changes a host of the same name that was chosen, and uses one that was not', async () => {
    using made = over('Host a\n  Port 2\nHost b\n  ProxyJump a\n')
    const draft: HostDraft = {
      name: 'a',
      tags: [],
      isAutomatic: false,
      ssh: SshSettings.parse({ address: 'mine', user: 'me' }),
    }
    const id = made.book.add(draft)
    await made.importer.take(['b'])
    expect(made.book.get(id).ssh).toMatchObject({ address: 'mine', port: 22 })
    expect((await made.importer.read()).candidates.map(({ existing }) => existing)).toEqual([id, HostId.parse('b')])
    await made.importer.take(['a'])
    expect(made.book.get(id).ssh).toMatchObject({ address: 'a', port: 2 })
    expect(names(made.book)).toEqual({ a: null, b: 'a' })
  })

  it('survives jump hosts that lead back', async () => {
    using made = over('Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n')
    await made.importer
      .take(['a', 'b'])
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'ssh.jumpCycle' }))
    expect(made.book.list().length).toBeGreaterThan(0)
  })
})
