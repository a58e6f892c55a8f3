import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import ssh2, { type AnyAuthMethod, type ParsedKey, type Prompt } from 'ssh2'
import type { HostId } from '#engine/protocol/ids.ts'
import type { AuthMethod, SshSettings } from '#contract/index.ts'
import { agentKeys, ChosenKeys } from './agent-keys.ts'
import type { AskedSecret, SecretAsker } from './secret-asker.ts'
import { readPrivateKey } from './private-key.ts'

/** One way to prove who one is, ready to be tried. */
export interface Candidate {
  readonly method: AuthMethod
  /** The name of the method on the wire (RFC 4252). */
  readonly wire: 'publickey' | 'password' | 'keyboard-interactive'
  /** Which key; empty for what has no name. */
  detail(): string
  /** `skip` with a null reason leaves no trace: there was nothing to try. */
  prepare(): Promise<
    { readonly kind: 'try'; readonly method: AnyAuthMethod } | { readonly kind: 'skip'; readonly reason: string | null }
  >
  accepted?(): Promise<void>
  refused?(): void
}

export interface CandidateSources {
  readonly host: HostId
  readonly settings: SshSettings
  readonly asker: SecretAsker
  /** The agent of the session, a socket or a pipe; undefined where none runs. */
  readonly sessionAgent: string | undefined
  readonly home: string
}

const USUAL_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa']
const ASKED_TIMES = 3

export const expandHome = (path: string, home: string): string =>
  path === '~' || path.startsWith('~/') ? `${home}${path.slice(1)}` : path

/** The ways that the settings of a host allow, in their order. */
export function authCandidates(sources: CandidateSources): Candidate[] {
  return sources.settings.auth.flatMap((method) => makers[method](sources))
}

const makers: Readonly<Record<AuthMethod, (sources: CandidateSources) => Candidate[]>> = {
  agent: (sources) => [agentCandidate(sources)],
  key: (sources) => keyFiles(sources).map((file) => keyCandidate(sources, file)),
  password: (sources) => Array.from({ length: ASKED_TIMES }, (_, time) => passwordCandidate(sources, time > 0)),
  keyboard: (sources) => Array.from({ length: ASKED_TIMES }, (_, time) => keyboardCandidate(sources, time > 0)),
}

function keyFiles({ settings, home }: CandidateSources): { path: string; isNamed: boolean }[] {
  if (settings.keys.length > 0) return settings.keys.map((path) => ({ path: expandHome(path, home), isNamed: true }))
  return USUAL_KEYS.map((name) => ({ path: `${home}/.ssh/${name}`, isNamed: false }))
}

function agentCandidate({ settings, sessionAgent, home }: CandidateSources): Candidate {
  let detail = ''
  return {
    method: 'agent',
    wire: 'publickey',
    detail: () => detail,
    async prepare() {
      const named = settings.agentSocket === null ? sessionAgent : expandHome(settings.agentSocket, home)
      if (named === undefined) return { kind: 'skip', reason: null }
      try {
        const agent = ssh2.createAgent(named)
        const wanted = settings.identitiesOnly ? await publicKeys(settings.keys, home) : null
        const held = await agentKeys(agent)
        const keys = held.filter((key) => wanted === null || wanted.some((blob) => blob.equals(key.getPublicSSH())))
        if (keys.length === 0) return { kind: 'skip', reason: 'the agent holds no key for this host' }
        detail = keys.map(({ comment, type }) => comment || type).join(', ')
        return {
          kind: 'try',
          method: { type: 'agent', username: settings.user, agent: new ChosenKeys(agent, keys) },
        }
      } catch (error) {
        return { kind: 'skip', reason: `the agent does not answer: ${(error as Error).message}` }
      }
    },
  }
}

/** The public halves beside key files; those without one cannot be told apart in an agent. */
async function publicKeys(keys: readonly string[], home: string): Promise<Buffer[]> {
  const found = await Promise.all(
    keys.map(async (path) => {
      const file = expandHome(path, home)
      const text = await readFile(file.endsWith('.pub') ? file : `${file}.pub`, 'utf8').catch(() => null)
      const parsed = text === null ? null : (ssh2.utils.parseKey(text) as ParsedKey | Error)
      return parsed === null || parsed instanceof Error ? [] : [parsed.getPublicSSH()]
    }),
  )
  return found.flat()
}

function keyCandidate(sources: CandidateSources, file: { path: string; isNamed: boolean }): Candidate {
  const { host, settings, asker } = sources
  const { path, isNamed } = file
  let used: AskedSecret | null = null
  return {
    method: 'key',
    wire: 'publickey',
    detail: () => basename(path),
    async prepare() {
      let content: string
      try {
        content = await readFile(path, 'utf8')
      } catch (error) {
        // The usual places may be empty; a file that was named must be there.
        return { kind: 'skip', reason: isNamed ? `cannot be read: ${(error as NodeJS.ErrnoException).code}` : null }
      }
      if (path.endsWith('-cert.pub')) return { kind: 'skip', reason: 'certificates are not supported' }
      let reading = readPrivateKey(content)
      for (let time = 0; reading.kind === 'encrypted' || reading.kind === 'wrongPassphrase'; time++) {
        if (time === ASKED_TIMES) return { kind: 'skip', reason: 'the passphrase is wrong' }
        used = await asker.secret(`passphrase:${path}`, { kind: 'passphrase', path }, time > 0)
        reading = readPrivateKey(content, used.secret.reveal())
      }
      if (reading.kind === 'unusable') return { kind: 'skip', reason: reading.reason }
      if (used) await asker.keep(host, `passphrase:${path}`, used)
      return { kind: 'try', method: { type: 'publickey', username: settings.user, key: reading.key } }
    },
  }
}

function passwordCandidate({ host, settings, asker }: CandidateSources, isAgain: boolean): Candidate {
  let used: AskedSecret | null = null
  return {
    method: 'password',
    wire: 'password',
    detail: () => '',
    async prepare() {
      used = await asker.secret('password', { kind: 'password', address: settings.address }, isAgain)
      return {
        kind: 'try',
        method: { type: 'password', username: settings.user, password: used.secret.reveal() },
      }
    },
    async accepted() {
      if (used) await asker.keep(host, 'password', used)
    },
    refused: () => asker.refuse(host, 'password'),
  }
}

const PASSWORD_PROMPT = /^\s*(.*'s )?(password|密码)( for .*)?\s*[:：]?\s*$/i

function keyboardCandidate(sources: CandidateSources, isAgain: boolean): Candidate {
  const { host, settings, asker } = sources
  let used: AskedSecret | null = null
  const answer = async (title: string, instructions: string, prompts: readonly Prompt[]): Promise<string[]> => {
    const [only] = prompts
    // Many servers ask for the plain password this way; then it is the password, also to be remembered.
    if (prompts.length === 1 && only && !only.echo && PASSWORD_PROMPT.test(only.prompt) && !used) {
      used = await asker.secret('password', { kind: 'password', address: settings.address }, isAgain)
      return [used.secret.reveal()]
    }
    return await asker.prompts(title, instructions, prompts)
  }
  return {
    method: 'keyboard',
    wire: 'keyboard-interactive',
    detail: () => '',
    prepare: () =>
      Promise.resolve({
        kind: 'try',
        method: {
          type: 'keyboard-interactive',
          username: settings.user,
          prompt: (title, instructions, _language, prompts, finish) => {
            answer(title, instructions, prompts).then(finish, (error: unknown) => asker.giveUp(error as Error))
          },
        },
      }),
    async accepted() {
      if (used) await asker.keep(host, 'password', used)
    },
    refused: () => {
      if (used) asker.refuse(host, 'password')
    },
  }
}
