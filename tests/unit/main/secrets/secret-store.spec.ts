import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '#main/log/secret.ts'
import { noKeychain } from '#main/secrets/no-keychain.ts'
import { SecretStore, type Keychain } from '#main/secrets/secret-store.ts'
import { safeStorageKeychain } from '#main/shells/electron/keychain.ts'

/** Encrypts by turning the bytes around, with the number of its key in front. */
class FakeKeychain implements Keychain {
  key = 1
  reason: string | null = null
  unavailable = () => Promise.resolve(this.reason)
  encrypt = (text: string) => Promise.resolve(Buffer.from([this.key, ...Buffer.from(text).reverse()]))
  decrypt = (data: Buffer) =>
    Promise.resolve({ text: Buffer.from(data.subarray(1)).reverse().toString(), isStale: data[0] !== this.key })
}

let folder: string
let path: string
let keychain: FakeKeychain
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-secrets-'))
  path = join(folder, 'sub', 'secrets.json')
  keychain = new FakeKeychain()
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = () => new SecretStore(keychain, path)

describe('a secret', () => {
  it('is kept over a restart, encrypted, for the user alone', async () => {
    await open().set('host-1', new Secret('hunter2'))
    expect((await open().get('host-1'))?.reveal()).toBe('hunter2')
    expect(readFileSync(path, 'utf8')).not.toContain('hunter2')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('is gone when it was removed, and the others stay', async () => {
    const store = open()
    await Promise.all(['a', 'b', 'c'].map((name) => store.set(name, new Secret(name))))
    await store.remove('b')
    await store.remove('b')
    expect(await store.get('b')).toBeNull()
    expect((await store.get('a'))?.reveal()).toBe('a')
    expect((await store.get('c'))?.reveal()).toBe('c')
  })

  it('is encrypted anew when the key was changed', async () => {
    const store = open()
    await store.set('a', new Secret('x'))
    const before = readFileSync(path, 'utf8')
    keychain.key = 2
    expect((await store.get('a'))?.reveal()).toBe('x')
    expect(readFileSync(path, 'utf8')).not.toBe(before)
    expect((await store.get('a'))?.reveal()).toBe('x')
  })

  it('is never kept in plain text: without a key store it is refused', async () => {
    const store = new SecretStore(noKeychain('there is none'), path)
    await expect(store.set('a', new Secret('x'))).rejects.toMatchObject({
      code: 'secrets.unavailable',
      params: { reason: 'there is none' },
    })
    await expect(store.get('a')).rejects.toMatchObject({ code: 'secrets.unavailable' })
    expect(await store.unavailable()).toBe('there is none')
    expect(() => readFileSync(path)).toThrow()
  })
})

describe('the key store of the desktop', () => {
  const storage = (isThere: boolean, backend: string) => ({
    isAsyncEncryptionAvailable: () => Promise.resolve(isThere),
    encryptStringAsync: (text: string) => Promise.resolve(Buffer.from(text)),
    decryptStringAsync: (data: Buffer) => Promise.resolve({ result: data.toString(), shouldReEncrypt: true }),
    getSelectedStorageBackend: () => backend,
  })

  it.each([
    [true, 'gnome_libsecret', 'linux', null],
    [true, 'basic_text', 'linux', 'no keyring is running'],
    [true, 'unknown', 'linux', 'no keyring is running'],
    [true, 'basic_text', 'darwin', null],
    [false, 'kwallet6', 'linux', 'the system offers no encryption'],
  ])('there %j, backend %s, on %s: %j', async (isThere, backend, platform, reason) => {
    expect(await safeStorageKeychain(storage(isThere, backend), platform).unavailable()).toBe(reason)
  })

  it('hands on that a key was changed', async () => {
    const wrapped = safeStorageKeychain(storage(true, 'kwallet6'), 'linux')
    expect(await wrapped.decrypt(await wrapped.encrypt('x'))).toEqual({ text: 'x', isStale: true })
  })
})
