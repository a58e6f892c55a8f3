import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SshSettings } from '#contract/index.ts'
import { systemClock } from '#main/clock.ts'
import type { SshLink } from '#main/links/link.ts'
import { until } from '../fixtures/until.ts'
import { TestLinks } from '../hosts/links.ts'
import { noSshd, SshLab, type Sshd } from '../hosts/sshd.ts'

const missing = noSshd()
const HOUR_MS = 3_600_000

describe.skipIf(missing !== null)(`a server that takes certificates only${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let server: Sshd
  let authority: string
  const open: TestLinks[] = []
  let number = 0

  beforeAll(async () => {
    lab = new SshLab()
    authority = lab.key('authority')
    server = await lab.start('certified', { config: { TrustedUserCAKeys: `${authority}.pub` } })
  })
  afterAll(async () => {
    for (const links of open) links[Symbol.dispose]()
    await lab[Symbol.asyncDispose]()
  })

  /** Signs a key for root, with the certificate beside it; more options of ssh-keygen come before. */
  const sign = (key: string, ...options: string[]): string => {
    const principals = options.includes('-n') ? [] : ['-n', 'root']
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'somebody', ...principals, ...options, `${key}.pub`])
    return `${key}-cert.pub`
  }
  const attempt = async (
    settings: Partial<SshSettings>,
    more: { agent?: string; passphrase?: string; lateMs?: number } = {},
  ) => {
    const folder = join(lab.folder, `home-${++number}`)
    mkdirSync(folder)
    const { agent, passphrase = '', lateMs = 0 } = more
    const links = new TestLinks({
      folder,
      answer: ({ kind }) => ({ texts: kind === 'hostKey' ? [] : [passphrase], remember: false }),
      clock: { ...systemClock, now: () => Date.now() + lateMs },
      ...(agent ? { agent } : {}),
    })
    open.push(links)
    const link = links.to('certified', server, { user: 'root', auth: ['key'], ...settings })
    link.connect()
    return { link, view: await settled(link), asked: links.asked.map(({ kind }) => kind) }
  }

  it.each([
    ['ed25519', {}],
    ['rsa', { type: 'rsa' }],
    ['ecdsa 256', { type: 'ecdsa' }],
    ['ecdsa 521', { type: 'ecdsa', bits: 521 }],
  ])('lets in a key with the certificate beside it: %s', async (_name, options) => {
    const key = lab.key('certified', options)
    expect((await attempt({ keys: [key] })).view).toMatchObject({ state: 'failed', error: { code: 'ssh.authFailed' } })
    sign(key)
    const { link, view } = await attempt({ keys: [key] })
    expect(view).toMatchObject({
      state: 'ready',
      attempts: [{ method: 'key', detail: 'certified-cert.pub', outcome: 'accepted' }],
    })
    expect((await link.run(['id', '-un'])).stdout.toString()).toBe('root\n')
  })

  it('asks for the passphrase of the key once', async () => {
    const key = lab.key('locked', { passphrase: 'open sesame' })
    sign(key, '-n', 'somebody-else')
    const { view, asked } = await attempt({ keys: [key] }, { passphrase: 'open sesame' })
    expect(view.attempts.map(({ detail, outcome }) => `${detail} ${outcome}`)).toEqual([
      'locked-cert.pub refused',
      'locked refused',
    ])
    expect(asked).toEqual(['hostKey', 'passphrase'])
  })

  it('says that a certificate is over, not valid yet, for hosts, or of no key', async () => {
    const key = lab.key('flawed')
    const reasonOf = async (keys: string[], lateMs = 0) =>
      (await attempt({ keys }, { lateMs })).view.attempts[0]?.reason
    sign(key, '-V', '-1h:+1h')
    expect(await reasonOf([key], 2 * HOUR_MS)).toMatch(/^the certificate was valid until /)
    expect(await reasonOf([key], -2 * HOUR_MS)).toMatch(/^the certificate is valid from /)
    const certificate = sign(key, '-h')
    expect(await reasonOf([key])).toBe('a certificate for hosts, not for users')
    sign(key)
    rmSync(key)
    expect(await reasonOf([certificate, lab.key('another')])).toBe(
      'no private key for the certificate: flawed, another',
    )
    expect(await reasonOf([join(lab.folder, 'absent-cert.pub')])).toBe('cannot be read: ENOENT')
  })

  it('takes a certificate that lies elsewhere for the key that it is about', async () => {
    const keys = ['first', 'second'].map((name) => lab.key(name))
    const elsewhere = join(lab.folder, 'work-cert.pub')
    renameSync(sign(keys[1]!), elsewhere)
    const { view } = await attempt({ keys: [...keys, elsewhere] })
    expect(view.state).toBe('ready')
    expect(view.attempts.at(-1)).toMatchObject({ detail: 'work-cert.pub', outcome: 'accepted' })
  })

  it.each(['ed25519', 'rsa', 'ecdsa'])('lets in by an agent that holds the certificate: %s', async (type) => {
    const socket = join(lab.folder, `agent-${type}`)
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    try {
      await until(() => existsSync(socket) || undefined, 'the agent')
      const key = lab.key('held', { type })
      sign(key)
      for (const one of [lab.key('unknown'), key]) {
        execFileSync('ssh-add', ['-q', one], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
      }
      const { view } = await attempt({ auth: ['agent'] }, { agent: socket })
      expect(view).toMatchObject({
        state: 'ready',
        attempts: [{ method: 'agent', detail: 'held (certificate), unknown, held', outcome: 'accepted' }],
      })
      const chosen = await attempt({ auth: ['agent'], identitiesOnly: true, keys: [key] }, { agent: socket })
      expect(chosen.view).toMatchObject({ state: 'ready', attempts: [{ detail: 'held (certificate), held' }] })
    } finally {
      agent.kill()
      await once(agent, 'exit')
    }
  })
})

/** The state that a link comes to rest in. */
const settled = (link: SshLink) =>
  until(() => (['ready', 'failed', 'reconnecting'].includes(link.view.state) ? link.view : undefined), 'the link')
