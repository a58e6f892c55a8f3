import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { HostKeyStore } from '#main/links/host-key-store.ts'
import { fingerprint, fits, isNamed, keyTypeOf, knownHostName, parseKnownHosts } from '#main/links/known-hosts.ts'

const KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIGJldHdlZW4gdXMgdGhpcyBpcyBubyByZWFsIGtleSE='
const OTHER = 'AAAAC3NzaC1lZDI1NTE5AAAAIGFub3RoZXIga2V5IHRoYXQgaXMgbm90IHJlYWwgYXQh'
const folder = mkdtempSync(join(tmpdir(), 'awb-known-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let number = 0
const store = (own: string | null, ...others: string[]) => {
  const files = [own, ...others].map((text) => {
    const path = join(folder, `${++number}`)
    if (text !== null) writeFileSync(path, text)
    return path
  })
  return { files, keys: new HostKeyStore(files[0] ?? '', files.slice(1)) }
}
const key = (text: string) => Buffer.from(text, 'base64')

describe('a known_hosts file', () => {
  it('holds entries, comments and lines that are neither', () => {
    const text = `# c\n\nhost ssh-ed25519 ${KEY} me\r\n@revoked * ssh-rsa ${KEY}\n@what x ssh-rsa ${KEY}\nhost ssh-rsa\nhost ssh-rsa !!\n`
    expect(parseKnownHosts(text, 'f')).toMatchObject([
      { marker: null, names: 'host', keyType: 'ssh-ed25519', key: KEY, line: 3 },
      { marker: 'revoked', names: '*', line: 4 },
    ])
  })

  it.each([
    ['host', 'host', true],
    ['HOST', 'host', true],
    ['a,host', 'host', true],
    ['*.example.org', 'npu.example.org', true],
    ['*.example.org,!npu.example.org', 'npu.example.org', false],
    ['!npu*,*', 'npu1', false],
    ['10.0.0.?', '10.0.0.12', false],
    ['[host]:2222', '[host]:2222', true],
    ['host', '[host]:2222', false],
  ])('means by %s the name %s: %s', (names, name, expected) => expect(isNamed(names, name)).toBe(expected))

  it('matches patterns as a regular expression would, in no more time for hostile ones', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.') })
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '.') })
    fc.assert(
      fc.property(pattern, name, (wanted, text) => {
        const source = wanted.replaceAll('.', '\\.').replace(/\*+/g, '.*').replaceAll('?', '.')
        expect(fits(wanted, text)).toBe(new RegExp(`^${source}$`).test(text))
      }),
    )
    expect(fits(`${'*a'.repeat(200)}b`, 'a'.repeat(5000))).toBe(false)
  })

  it.skipIf(!existsSync('/usr/bin/ssh-keygen'))('agrees with ssh-keygen about hashed names and fingerprints', () => {
    const file = join(folder, 'hashed')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'id')])
    const line = readFileSync(join(folder, 'id.pub'), 'utf8')
    writeFileSync(file, `[host.example]:2222 ${line}`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'ignore' })
    const [entry] = parseKnownHosts(readFileSync(file, 'utf8'), file)
    expect(entry?.names).toMatch(/^\|1\|/)
    expect(isNamed(entry?.names ?? '', knownHostName('Host.example', 2222))).toBe(true)
    expect(isNamed(entry?.names ?? '', knownHostName('host.example', 22))).toBe(false)
    const shown = execFileSync('ssh-keygen', ['-l', '-f', join(folder, 'id.pub')], { encoding: 'utf8' })
    const blob = key(line.split(' ')[1] ?? '')
    expect(shown).toContain(fingerprint(blob))
    expect(keyTypeOf(blob)).toBe('ssh-ed25519')
  })
})

describe('the keys of hosts', () => {
  it('are new, known, changed or revoked', async () => {
    const { keys, files } = store(
      `known ssh-ed25519 ${KEY}\n`,
      `@revoked * ssh-ed25519 ${OTHER}\nca,x ssh-rsa ${KEY}\n`,
    )
    expect(await keys.check('fresh', 22, key(KEY))).toEqual({ kind: 'new', hasAuthority: false })
    expect(await keys.check('known', 22, key(KEY))).toEqual({ kind: 'known' })
    expect(await keys.check('known', 2222, key(KEY))).toMatchObject({ kind: 'new' })
    expect(await keys.check('known', 22, key(OTHER))).toEqual({ kind: 'revoked', place: `${files[1]}:1` })
    const { keys: changed } = store(null, `known ssh-ed25519 ${KEY}\n`)
    expect(await changed.check('known', 22, key(OTHER))).toMatchObject({
      kind: 'changed',
      known: fingerprint(key(KEY)),
    })
  })

  it('count as accepted here before they count as known elsewhere', async () => {
    const { keys, files } = store(null, `h ssh-ed25519 ${KEY}\n`)
    await keys.trust('h', 22, key(OTHER))
    expect(await keys.check('h', 22, key(OTHER))).toEqual({ kind: 'known' })
    expect(await keys.check('h', 22, key(KEY))).toMatchObject({ kind: 'changed', place: `${files[0]}:1` })
    await keys.trust('h', 22, key(KEY))
    expect(readFileSync(files[0] ?? '', 'utf8')).toBe(`h ssh-ed25519 ${KEY}\n`)
  })

  it('are all written when several are accepted at once', async () => {
    const { keys, files } = store(null)
    await Promise.all(Array.from({ length: 20 }, (_, index) => keys.trust(`h${index}`, 22, key(KEY))))
    expect(
      readFileSync(files[0] ?? '', 'utf8')
        .trim()
        .split('\n'),
    ).toHaveLength(20)
  })

  it('say which algorithms to ask a host for first', async () => {
    const { keys } = store(`h ssh-rsa ${KEY}\n`)
    expect((await keys.algorithms('h', 22)).slice(0, 4)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-rsa',
      'ssh-ed25519',
    ])
    expect((await keys.algorithms('other', 22))[0]).toBe('ssh-ed25519')
  })
})
