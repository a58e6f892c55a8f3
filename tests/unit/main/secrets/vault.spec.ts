import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Secret } from '#main/log/secret.ts'
import { noKeychain } from '#main/secrets/no-keychain.ts'
import { SecretStore, type Keychain } from '#main/secrets/secret-store.ts'
import { systemOrVault } from '#main/secrets/system-or-vault.ts'
import { Vault } from '#main/secrets/vault.ts'

const PASSPHRASE = 'correct horse battery'
/** As cheap as a vault may be. */
const vaultAt = (file: string) => new Vault(file, { N: 1 << 15, r: 1, p: 1 })
let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-vault-'))
  path = join(folder, 'sub', 'vault.json')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const code = (expected: string) => expect.objectContaining({ code: expected })

describe('a vault', () => {
  it('keeps secrets over a restart, for the owner only, and opens with its passphrase alone', async () => {
    const vault = vaultAt(path)
    expect(await vault.state()).toBe('missing')
    await expect(vault.encrypt('x')).rejects.toEqual(code('vault.missing'))
    await vault.create(PASSPHRASE)
    const data = await vault.encrypt('hunter2 你好')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, 'utf8') + data.toString('latin1')).not.toMatch(/hunter2|correct horse/)

    const later = vaultAt(path)
    expect(await later.state()).toBe('locked')
    await expect(later.decrypt(data)).rejects.toEqual(code('vault.locked'))
    await expect(later.unlock('correct horse batterz')).rejects.toEqual(code('vault.wrongPassphrase'))
    expect(await later.state()).toBe('locked')
    await later.unlock(PASSPHRASE)
    expect(await later.decrypt(data)).toEqual({ text: 'hunter2 你好', isStale: false })
    await later.lock()
    await expect(later.decrypt(data)).rejects.toEqual(code('vault.locked'))
  })

  it('changes its passphrase and keeps what is in it', async () => {
    const vault = vaultAt(path)
    await vault.create(PASSPHRASE)
    const data = await vault.encrypt('secret')
    await expect(vault.changePassphrase('something else', 'new passphrase')).rejects.toEqual(
      code('vault.wrongPassphrase'),
    )
    await vault.changePassphrase(PASSPHRASE, 'new passphrase')
    const later = vaultAt(path)
    await expect(later.unlock(PASSPHRASE)).rejects.toEqual(code('vault.wrongPassphrase'))
    await later.unlock('new passphrase')
    expect((await later.decrypt(data)).text).toBe('secret')
  })

  it('takes a passphrase however its letters are composed', async () => {
    const vault = vaultAt(path)
    await vault.create('passwört'.normalize('NFD'))
    await vaultAt(path).unlock('passwört'.normalize('NFC'))
  })

  it('refuses a short passphrase, a second vault, and data that was touched', async () => {
    const vault = vaultAt(path)
    await expect(vault.create('1234567')).rejects.toEqual(code('vault.weakPassphrase'))
    await vault.create(PASSPHRASE)
    await expect(vault.create(PASSPHRASE)).rejects.toEqual(code('vault.exists'))
    const data = await vault.encrypt('secret')
    data[data.length - 1]! ^= 1
    await expect(vault.decrypt(data)).rejects.toEqual(code('vault.damaged'))
    await expect(vault.decrypt(Buffer.from('plain'))).rejects.toEqual(code('vault.damaged'))
  })

  it.each([
    ['is not JSON', () => '{'],
    ['asks for too much memory', (text: string) => text.replace(/"N":\d+/, '"N":1073741824')],
  ])('says that it is damaged when its file %s', async (_name, damage) => {
    await vaultAt(path).create(PASSPHRASE)
    writeFileSync(path, damage(readFileSync(path, 'utf8')))
    await expect(vaultAt(path).unlock(PASSPHRASE)).rejects.toEqual(code('vault.damaged'))
  })

  it('does not open when somebody has made the derivation cheaper', async () => {
    await vaultAt(path).create(PASSPHRASE)
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"N":\d+/, '"N":16384'))
    await expect(vaultAt(path).unlock(PASSPHRASE)).rejects.toEqual(code('vault.wrongPassphrase'))
  })

  it('tells of each change', async () => {
    const vault = vaultAt(path)
    const states: string[] = []
    using _watching = vault.onChange((state) => states.push(state))
    await vault.create(PASSPHRASE)
    await vault.lock()
    await vault.unlock(PASSPHRASE)
    expect(states).toEqual(['unlocked', 'locked', 'unlocked'])
  })
})

describe('the key store of the system, or the vault', () => {
  const system = (): Keychain & { isThere: boolean } => ({
    isThere: false,
    unavailable() {
      return Promise.resolve(this.isThere ? null : 'no keyring is running')
    },
    encrypt: (text) => Promise.resolve(Buffer.from(`system:${text}`)),
    decrypt: (data) => Promise.resolve({ text: data.toString().slice(7), isStale: false }),
  })

  it('keeps nothing without either, and says why', async () => {
    const store = new SecretStore(systemOrVault(noKeychain('none here'), vaultAt(path)), join(folder, 's.json'))
    expect(await store.unavailable()).toBe('no vault has been created')
    await expect(store.set('a', new Secret('x'))).rejects.toEqual(code('secrets.unavailable'))
  })

  it('moves a secret from the vault to a key store that has appeared', async () => {
    const keychain = system()
    const vault = vaultAt(path)
    await vault.create(PASSPHRASE)
    const file = join(folder, 's.json')
    const store = new SecretStore(systemOrVault(keychain, vault), file)
    await store.set('a', new Secret('x'))
    expect(await store.names()).toEqual(['a'])
    keychain.isThere = true
    expect((await store.get('a'))?.reveal()).toBe('x')
    await vault.lock()
    expect((await store.get('a'))?.reveal()).toBe('x')
    expect(Buffer.from(JSON.parse(readFileSync(file, 'utf8')).a, 'base64').toString()).toBe('system:x')
  })
})
