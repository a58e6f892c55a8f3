import { describe, expect, it } from 'vitest'
import { SshSettings, type HostView, type SshHostView } from '#contract/index.ts'
import { HostId } from '#engine/protocol/index.ts'
import { draftOf, editorValues, fitsSearch, possibleJumps } from '@/features/hosts/book/draft.ts'
import { fakeHost } from '../../../fixtures/fake-workbench.ts'

const sshHost = (name: string, settings: Partial<SshSettings> = {}, tags: string[] = []): HostView => {
  const ssh: SshHostView = {
    settings: SshSettings.parse({ address: '10.0.0.1', user: 'root', ...settings }),
    tags,
    isAutomatic: false,
    link: { state: 'idle', since: 0, attempts: [] },
    remembered: [],
  }
  return fakeHost({ id: HostId.parse(name), kind: 'ssh', name: { en: name, 'zh-CN': name }, ssh })
}

describe('the host editor', () => {
  it('gives back what it was opened with, and what it does not show', () => {
    const host = sshHost('a', { agentSocket: '/agent', keys: ['~/k'], proxy: { kind: 'http', host: 'p', port: 8080 } })
    const result = draftOf(editorValues(host), host)
    expect(result).toEqual({ draft: { name: 'a', tags: [], isAutomatic: false, ssh: host.ssh?.settings } })
  })

  it('names a host by its address when it has no name, and splits lists', () => {
    const values = {
      ...editorValues(null),
      address: ' npu ',
      user: 'me',
      tags: 'a， b,',
      keys: '~/one\n\n~/two words ',
    }
    expect(draftOf(values, null)).toMatchObject({
      draft: {
        name: 'npu',
        tags: ['a', 'b'],
        ssh: { address: 'npu', port: 22, keys: ['~/one', '~/two words'], jump: null },
      },
    })
  })

  it('says by field what is missing or wrong', () => {
    const values = { ...editorValues(null), port: '70000', auth: [], proxyKind: 'socks5' as const }
    expect(draftOf(values, null)).toEqual({
      problems: {
        address: 'required',
        user: 'required',
        port: 'badPort',
        auth: 'required',
        proxyHost: 'required',
        proxyPort: 'badPort',
      },
    })
  })

  it('offers no jump host that leads back', () => {
    const a = sshHost('a')
    const b = sshHost('b', { jump: a.id })
    const c = sshHost('c', { jump: b.id })
    const ids = (host: HostView | null) => possibleJumps([fakeHost(), a, b, c], host).map(({ id }) => id)
    expect(ids(a)).toEqual([])
    expect(ids(b)).toEqual(['a'])
    expect(ids(c)).toEqual(['a', 'b'])
    expect(ids(null)).toEqual(['a', 'b', 'c'])
  })
})

describe('the search for hosts', () => {
  it('finds words in names, addresses, users and tags', () => {
    const host = sshHost('npu-01', { address: 'gate.example' }, ['910B', '实验室'])
    for (const search of ['', 'NPU', '910b 实验', 'gate root', '10']) expect(fitsSearch(host, search)).toBe(true)
    expect(fitsSearch(host, 'npu 310')).toBe(false)
  })
})
