import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HostId } from '#engine/protocol/ids.ts'
import type { Answer } from '#contract/index.ts'
import { Log } from '#main/log/log.ts'
import { Secret } from '#main/log/secret.ts'
import { Credentials } from '#main/links/credentials.ts'
import type { QuestionDraft } from '#main/links/questions.ts'
import { SecretAsker } from '#main/links/secret-asker.ts'
import { noKeychain } from '#main/secrets/no-keychain.ts'
import { SecretStore } from '#main/secrets/secret-store.ts'
import { systemOrVault } from '#main/secrets/system-or-vault.ts'
import { Vault } from '#main/secrets/vault.ts'
import { FakeClock } from '../../../fixtures/fakes/clock.ts'

const host = HostId.parse('a')
const PASSPHRASE = 'correct horse'
const subject = { kind: 'password', address: 'x' } as const
let folder: string
let vault: Vault
let store: SecretStore
let asked: QuestionDraft[]
let unlocks: number

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'awb-asker-'))
  vault = new Vault(join(folder, 'vault.json'), { N: 1 << 14, r: 1, p: 1 })
  await vault.create(PASSPHRASE)
  store = new SecretStore(systemOrVault(noKeychain('none'), vault), join(folder, 'secrets.json'))
  asked = []
  unlocks = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** An attempt to connect, with a user who answers like this and who opens the vault or not. */
function attempt(answers: (Answer | null)[], isOpening = true, credentials = newCredentials()) {
  const asker = new SecretAsker(
    {
      host,
      hostName: 'npu',
      user: 'root',
      signal: new AbortController().signal,
      giveUp: () => undefined,
      unlockVault: async () => {
        unlocks++
        if (isOpening) await vault.unlock(PASSPHRASE)
        return isOpening
      },
    },
    credentials,
    {
      ask: (draft) => {
        asked.push(draft)
        return Promise.resolve(answers.shift() ?? null)
      },
    },
  )
  return { asker, credentials }
}
const newCredentials = () => new Credentials(store, new Log(new FakeClock(), { write: () => undefined }))
const say = (text: string, remember = false): Answer => ({ texts: [text], remember })

describe('the secrets of an attempt to connect', () => {
  it('are asked for once a session, and beyond it only when they are remembered', async () => {
    const { asker, credentials } = attempt([say('one', true)])
    const given = await asker.secret('password', subject, false)
    await asker.keep(host, 'password', given)
    expect((await attempt([], true, credentials).asker.secret('password', subject, false)).secret.reveal()).toBe('one')
    expect((await attempt([]).asker.secret('password', subject, false)).secret.reveal()).toBe('one')
    expect(asked).toHaveLength(1)
    expect(await credentials.remembered(host)).toEqual(['password'])
    await credentials.forget(host)
    await expect(attempt([]).asker.secret('password', subject, false)).rejects.toMatchObject({ code: 'ssh.dismissed' })
  })

  it('are asked for again when the remembered one was refused, and then said to be wrong', async () => {
    await store.set('ssh/a/password', new Secret('old'))
    const { asker } = attempt([say('new')])
    expect((await asker.secret('password', subject, false)).secret.reveal()).toBe('old')
    asker.refuse(host, 'password')
    expect((await asker.secret('password', subject, true)).secret.reveal()).toBe('new')
    expect(asked).toMatchObject([{ kind: 'password', wasWrong: true, canRemember: true }])
  })

  it('open the vault when one lies in it, and are asked for when it stays locked', async () => {
    await store.set('ssh/a/password', new Secret('kept'))
    await vault.lock()
    expect((await attempt([say('typed')], false).asker.secret('password', subject, false)).secret.reveal()).toBe(
      'typed',
    )
    expect((await attempt([]).asker.secret('password', subject, false)).secret.reveal()).toBe('kept')
    expect(unlocks).toBe(2)
  })

  it('open the vault to be remembered, and are not lost for the session when it stays locked', async () => {
    await vault.lock()
    const { asker, credentials } = attempt([], false)
    await asker.keep(host, 'password', { secret: new Secret('x'), remember: true })
    expect((await credentials.get(host, 'password'))?.reveal()).toBe('x')
    expect(await store.names()).toEqual([])
    await attempt([]).asker.keep(host, 'password', { secret: new Secret('y'), remember: true })
    expect(await store.names()).toEqual(['ssh/a/password'])
  })
})
