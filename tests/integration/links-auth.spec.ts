import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Answer, Question } from '#contract/index.ts'
import type { SshLink } from '#main/links/link.ts'
import { TestLinks } from '../hosts/links.ts'
import { noSshd, SshLab, type Sshd } from '../hosts/sshd.ts'
import { ThrowAwayUser } from '../hosts/user.ts'
import { until } from '../fixtures/until.ts'

const missing = noSshd()
const PASSWORD = `pa'ss "wörd" $x`
const OTP = '424242'

/** The state that a link comes to rest in. */
async function settled(link: SshLink) {
  link.connect()
  return await until(() => {
    const { view } = link
    return view.state === 'ready' || view.state === 'failed' || view.state === 'reconnecting' ? view : undefined
  }, 'the link')
}

const say = (text: string, remember = false): Answer => ({ texts: [text], remember })
const accept: Answer = { texts: [], remember: false }

describe.skipIf(missing !== null)(`proving who one is to OpenSSH${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let server: Sshd
  let user: ThrowAwayUser
  let open: TestLinks[]

  beforeAll(async () => {
    lab = new SshLab()
    user = new ThrowAwayUser(PASSWORD)
    lab.defer(() => user[Symbol.dispose]())
    server = await lab.start('keys', { config: { PasswordAuthentication: 'yes', UsePAM: 'no' } })
    open = []
  })

  afterAll(async () => {
    for (const links of open) links[Symbol.dispose]()
    await lab[Symbol.asyncDispose]()
  })

  let number = 0
  /** Links with a user who answers like this; what was remembered by earlier ones is not there. */
  const links = (answer: (question: Question) => Answer | null = () => null, agent?: string) => {
    const folder = join(lab.folder, `home-${++number}`)
    execFileSync('mkdir', ['-p', folder])
    const made = new TestLinks({
      folder,
      answer: (question) => (question.kind === 'hostKey' ? accept : answer(question)),
      ...(agent ? { agent } : {}),
    })
    open.push(made)
    return made
  }
  const kinds = (made: TestLinks) => made.asked.map(({ kind }) => kind)

  it.each([
    ['ed25519', {}],
    ['rsa', { type: 'rsa' }],
    ['ecdsa', { type: 'ecdsa' }],
    ['rsa in PEM', { type: 'rsa', format: 'PEM' }],
    ['ecdsa in PKCS#8', { type: 'ecdsa', format: 'PKCS8' }],
    ['encrypted ed25519', { passphrase: 'open sesame' }],
    ['encrypted rsa in PEM', { type: 'rsa', format: 'PEM', passphrase: 'open sesame' }],
    ['encrypted rsa in PKCS#8', { type: 'rsa', format: 'PKCS8', passphrase: 'open sesame' }],
  ] as const)('takes a key: %s', async (_name, options) => {
    const key = lab.key('tried', options)
    server.authorize(key)
    let times = 0
    const made = links((question) =>
      question.kind === 'passphrase' ? say(times++ === 0 ? 'wrong one' : 'open sesame') : null,
    )
    const view = await settled(made.to('a', server, { keys: [key], auth: ['key'] }))
    expect(view).toMatchObject({ state: 'ready', attempts: [{ method: 'key', detail: 'tried', outcome: 'accepted' }] })
    const passphrases = made.asked.filter(({ kind }) => kind === 'passphrase')
    expect(passphrases.map((question) => 'wasWrong' in question && question.wasWrong)).toEqual(
      'passphrase' in options ? [false, true] : [],
    )
  })

  it('tries in the order of the settings and tells each outcome', async () => {
    server.authorize(lab.key('right'))
    const wrong = lab.key('wrong')
    const made = links()
    const link = made.to('a', server, {
      keys: [join(lab.folder, 'absent'), wrong, join(lab.folder, 'right')],
      auth: ['key'],
    })
    expect((await settled(link)).attempts).toEqual([
      { method: 'key', detail: 'absent', outcome: 'skipped', reason: 'cannot be read: ENOENT' },
      { method: 'key', detail: 'wrong', outcome: 'refused' },
      { method: 'key', detail: 'right', outcome: 'accepted' },
    ])
  })

  it('fails for good when nothing fits, says what was tried, and tries again when asked to', async () => {
    const wrong = lab.key('wrong')
    server.authorize(lab.key('right'))
    const link = links().to('a', server, { keys: [wrong], auth: ['key'] })
    const view = await settled(link)
    expect(view).toMatchObject({ state: 'failed', error: { code: 'ssh.authFailed' } })
    expect(view.error?.message).toContain('key wrong refused')
    await expect(link.ready()).rejects.toMatchObject({ code: 'ssh.authFailed' })
    server.authorize(wrong)
    expect((await settled(link)).state).not.toBe('reconnecting')
    await link.ready()
  })

  it('asks a running agent, and only for the keys chosen', async () => {
    const socket = join(lab.folder, 'agent')
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' })
    try {
      await until(() => (existsSync(socket) ? true : undefined), 'the agent')
      const keys = ['one', 'two', 'three'].map((name) => lab.key(name))
      for (const key of keys) execFileSync('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket } })
      server.authorize(keys[2]!)
      const all = await settled(links(undefined, socket).to('a', server, { auth: ['agent'] }))
      expect(all).toMatchObject({ state: 'ready', attempts: [{ method: 'agent', detail: 'one, two, three' }] })
      const chosen = { auth: ['agent' as const], identitiesOnly: true, keys: [keys[2]!], agentSocket: socket }
      const one = await settled(links().to('a', server, chosen))
      expect(one).toMatchObject({ state: 'ready', attempts: [{ method: 'agent', detail: 'three' }] })
      const none = await settled(links(undefined, socket).to('a', server, { ...chosen, keys: [join(lab.folder, 'x')] }))
      expect(none.attempts).toMatchObject([{ outcome: 'skipped', reason: 'the agent holds no key for this host' }])
    } finally {
      await ended(agent)
    }
  })

  it('goes on without an agent that does not answer', async () => {
    const key = lab.key('user')
    server.authorize(key)
    const view = await settled(links(undefined, join(lab.folder, 'no-agent')).to('a', server, { keys: [key] }))
    expect(view.attempts).toMatchObject([
      { method: 'agent', outcome: 'skipped' },
      { method: 'key', outcome: 'accepted' },
    ])
  })

  it('asks for the password until it is right, and not again when the link comes back', async () => {
    let times = 0
    const made = links((question) => (question.kind === 'password' ? say(times++ === 0 ? 'no' : PASSWORD) : null))
    const link = made.to('a', server, { user: user.name, auth: ['password'] })
    expect(await settled(link)).toMatchObject({
      state: 'ready',
      attempts: [
        { method: 'password', outcome: 'refused' },
        { method: 'password', outcome: 'accepted' },
      ],
    })
    server.killSessions()
    await until(() => (link.view.state === 'ready' ? undefined : true), 'the loss')
    await link.ready()
    expect(kinds(made)).toEqual(['hostKey', 'password', 'password'])
    expect(made.logged.join('\n')).not.toContain('wörd')
  })

  it('gives up when a question is dismissed', async () => {
    const link = links().to('a', server, { user: user.name, auth: ['password'] })
    expect(await settled(link)).toMatchObject({ state: 'failed', error: { code: 'ssh.dismissed' } })
  })

  it('withdraws its questions when the link is given up', async () => {
    const made = links()
    made.questions.answer = () => false
    const link = made.to('a', server, { user: user.name, auth: ['password'] })
    link.connect()
    await until(() => (made.questions.list().length > 0 ? true : undefined), 'a question')
    link.disconnect()
    await until(() => (made.questions.list().length === 0 ? true : undefined), 'its end')
    expect(link.view.state).toBe('idle')
  })

  describe('with PAM', () => {
    const service = 'sshd-awb-test'
    const pamFile = `/etc/pam.d/${service}`
    let pam: Sshd
    /** Lets the service ask for what this module wants. */
    const asks = (module: string) => {
      const lines = [
        `auth required ${module}`,
        ...['auth', 'account', 'session'].map((type) => `${type} required pam_permit.so`),
      ]
      writeFileSync(pamFile, `${lines.join('\n')}\n`)
    }

    beforeAll(async () => {
      asks('pam_unix.so')
      lab.defer(() => rmSync(pamFile, { force: true }))
      const config = { UsePAM: 'yes', KbdInteractiveAuthentication: 'yes' }
      pam = await lab.start('pam', { pamService: service, config })
    })

    const answers =
      (texts: readonly string[]) =>
      (question: Question): Answer | null => {
        if (question.kind === 'password') return say(texts[0] ?? '')
        if (question.kind !== 'keyboard') return null
        return { texts: question.prompts.map(() => texts[1] ?? ''), remember: false }
      }

    it('answers what a server asks step by step', async () => {
      asks('pam_unix.so')
      const made = links(answers([PASSWORD]))
      const link = made.to('a', pam, { user: user.name, auth: ['keyboard'] })
      expect(await settled(link)).toMatchObject({ state: 'ready', attempts: [{ method: 'keyboard' }] })
      expect((await link.run(['id', '-un'])).stdout.toString().trim()).toBe(user.name)
    })

    it('needs several factors when the server wants them', async () => {
      asks('pam_unix.so')
      const key = lab.key('factor')
      const both = await lab.start('both', {
        pamService: service,
        config: {
          UsePAM: 'yes',
          KbdInteractiveAuthentication: 'yes',
          AuthenticationMethods: 'publickey,keyboard-interactive',
        },
      })
      both.authorize(key)
      const made = links(answers([PASSWORD]))
      const view = await settled(made.to('a', both, { user: user.name, keys: [key] }))
      expect(view).toMatchObject({
        state: 'ready',
        attempts: [
          { method: 'key', detail: 'factor', outcome: 'partial' },
          { method: 'keyboard', outcome: 'accepted' },
        ],
      })
    })

    it('shows prompts of the server as they are and takes one-time codes', async () => {
      const prompt = join(lab.folder, 'prompt')
      writeFileSync(prompt, `#!/bin/sh\n[ "$(cat | tr -d '\\0')" = ${OTP} ]\n`)
      chmodSync(prompt, 0o755)
      asks(`pam_exec.so expose_authtok quiet ${prompt}`)
      let code = '000000'
      const made = links((question) => {
        if (question.kind === 'password' || question.kind === 'keyboard') {
          const text = code
          code = OTP
          return say(text)
        }
        return null
      })
      const link = made.to('a', pam, { user: user.name, auth: ['keyboard'] })
      expect(await settled(link)).toMatchObject({
        state: 'ready',
        attempts: [
          { method: 'keyboard', outcome: 'refused' },
          { method: 'keyboard', outcome: 'accepted' },
        ],
      })
      expect((await link.run(['echo', 'in'])).stdout.toString()).toBe('in\n')
    })
  })
})

async function ended(process: ChildProcess): Promise<void> {
  process.kill()
  if (process.exitCode === null && process.signalCode === null) {
    await new Promise((resolve) => process.once('exit', resolve))
  }
}
