import ssh2, { type AnyAuthMethod, type Prompt } from 'ssh2'
import type { HostId } from '#engine/protocol/ids.ts'
import type { AuthMethod, SshSettings } from '#contract/index.ts'
import { agentKeys, ChosenKeys } from './agent-keys.ts'
import { flawOf } from './certificate.ts'
import { partsOf } from './certified-key.ts'
import { keyCandidates, publicHalf } from './key-candidates.ts'
import type { AskedSecret, SecretAsker } from './secret-asker.ts'

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
  /** Milliseconds since 1970, for certificates. */
  readonly now: () => number
}

const USUAL_KEYS = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa']
const ASKED_TIMES = 3

export const expandHome = (path: string, home: string): string =>
  path === '~' || path.startsWith('~/') ? `${home}${path.slice(1)}` : path

/** The ways that the settings of a host allow, in their order. */
export function authCandidates(sources: CandidateSources): Candidate[] {
  return sources.settings.auth.flatMap((method) => makers[method](sources))
}

const makers: Readonly<Record<AuthMethod, (sources: CandidateSources) => Candidate[]>> = {
  agent: (sources) => [agentCandidate(sources)],
  key: (sources) => {
    const expand = (path: string) => expandHome(path, sources.home)
    return keyCandidates(sources, sources.settings.keys.map(expand), USUAL_KEYS.map(expand))
  },
  password: (sources) => Array.from({ length: ASKED_TIMES }, (_, time) => passwordCandidate(sources, time > 0)),
  keyboard: (sources) => Array.from({ length: ASKED_TIMES }, (_, time) => keyboardCandidate(sources, time > 0)),
}

function agentCandidate({ settings, sessionAgent, home, now }: CandidateSources): Candidate {
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
        // Keys without a public half beside them cannot be told apart in an agent.
        const wanted = settings.identitiesOnly
          ? await Promise.all(settings.keys.map((path) => publicHalf(expandHome(path, home))))
          : null
        const held = await agentKeys(agent)
        const keys = held.filter((key) => {
          const certificate = partsOf(key)?.certificate
          if (certificate && flawOf(certificate, now()) !== null) return false
          const plain = certificate?.publicKey ?? key.getPublicSSH()
          return wanted === null || wanted.some((blob) => blob?.equals(plain))
        })
        if (keys.length === 0) return { kind: 'skip', reason: 'the agent holds no key for this host' }
        detail = keys.map((key) => `${key.comment || key.type}${partsOf(key) ? ' (certificate)' : ''}`).join(', ')
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
