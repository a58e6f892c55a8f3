import type { HostId } from '#engine/protocol/ids.ts'
import { AUTH_METHODS, SshSettings, type AuthMethod, type ImportCandidate } from '#contract/index.ts'
import { fits } from '../../links/known-hosts.ts'
import { words, type ConfigBlock, type ReadConfig } from './read.ts'

/** Options that make a difference and that this program does not do. The user is told. */
const NOT_DONE: Readonly<Record<string, string>> = {
  controlmaster: 'ControlMaster',
  hostkeyalias: 'HostKeyAlias',
  localforward: 'LocalForward',
  proxycommand: 'ProxyCommand',
  remoteforward: 'RemoteForward',
  dynamicforward: 'DynamicForward',
  remotecommand: 'RemoteCommand',
  pkcs11provider: 'PKCS11Provider',
  securitykeyprovider: 'SecurityKeyProvider',
}

/** How OpenSSH calls the ways to prove who one is. */
const METHODS: Readonly<Record<string, readonly AuthMethod[]>> = {
  publickey: ['agent', 'key'],
  password: ['password'],
  'keyboard-interactive': ['keyboard'],
}

export interface ImportContext {
  /** Name of the user of this computer, whom OpenSSH logs in as unless told otherwise. */
  readonly user: string
  readonly existing: (name: string) => HostId | null
}

/** The hosts that a configuration names without wildcards, each as it would be taken over. */
export function importCandidates({ blocks }: ReadConfig, context: ImportContext): ImportCandidate[] {
  const names = blocks.flatMap(({ patterns }) => patterns ?? []).filter((name) => !/[*?!]/.test(name))
  return [...new Set(names)].map((alias) => candidate(alias, resolveOptions(blocks, alias), context))
}

/** The options that hold for a host: the first value of each counts, but keys add up. */
export function resolveOptions(blocks: readonly ConfigBlock[], alias: string): Map<string, string[]> {
  const options = new Map<string, string[]>()
  for (const block of blocks) {
    if (!block.patterns || !applies(block.patterns, alias)) continue
    for (const { name, value } of block.options) {
      const known = options.get(name)
      if (!known) options.set(name, [value])
      else if (name === 'identityfile' || name === 'certificatefile') known.push(value)
    }
  }
  return options
}

function applies(patterns: readonly string[], alias: string): boolean {
  const name = alias.toLowerCase()
  if (patterns.some((pattern) => pattern.startsWith('!') && fits(pattern.slice(1), name))) return false
  return patterns.some((pattern) => !pattern.startsWith('!') && fits(pattern, name))
}

function candidate(alias: string, options: Map<string, string[]>, context: ImportContext): ImportCandidate {
  const first = (name: string) => firstWord(options, name)
  const notes = [...options.keys()].flatMap((name) => NOT_DONE[name] ?? [])
  const address = first('hostname') ?? alias
  const user = first('user') ?? context.user
  const expand = (text: string) => expandTokens(text, { alias, address, user })
  const port = Number(first('port') ?? 22)
  const agentSocket = first('identityagent')
  const ssh = {
    address: expand(address),
    port: Number.isInteger(port) && port > 0 && port < 65536 ? port : 22,
    user,
    auth: authOrder(options),
    // Certificates stand among the keys, before them, as OpenSSH tries them.
    keys: ['certificatefile', 'identityfile']
      .flatMap((name) => options.get(name) ?? [])
      .flatMap((line) => words(line).slice(0, 1))
      .map(expand),
    identitiesOnly: isYes(first('identitiesonly')),
    agentSocket: agentSocket && agentSocket !== 'SSH_AUTH_SOCK' && agentSocket !== 'none' ? expand(agentSocket) : null,
    keepAliveSeconds: keepAlive(first('serveraliveinterval')),
  }
  const { jump: _jump, ...settings } = SshSettings.parse(ssh)
  const jumps = (first('proxyjump') ?? '').split(',').map((jump) => jump.trim())
  return {
    alias,
    draft: { name: alias, tags: [], isAutomatic: false, ssh: settings },
    jumps: jumps.filter((jump) => jump !== '' && jump.toLowerCase() !== 'none'),
    notes: [...new Set(notes)],
    existing: context.existing(alias),
  }
}

const firstWord = (options: Map<string, string[]>, name: string): string | undefined =>
  words(options.get(name)?.[0] ?? '')[0]

function authOrder(options: Map<string, string[]>): AuthMethod[] {
  const off = (name: string) => firstWord(options, name)?.toLowerCase() === 'no'
  const preferred = firstWord(options, 'preferredauthentications')?.split(',') ?? []
  const named = preferred.flatMap((name) => METHODS[name.trim().toLowerCase()] ?? [])
  const allowed = (named.length > 0 ? named : AUTH_METHODS).filter((method) => {
    if (method === 'password') return !off('passwordauthentication')
    if (method === 'keyboard') return !off('kbdinteractiveauthentication') && !off('challengeresponseauthentication')
    if (method === 'agent' && firstWord(options, 'identityagent') === 'none') return false
    return !off('pubkeyauthentication')
  })
  return allowed.length > 0 ? [...allowed] : [...AUTH_METHODS]
}

const isYes = (value: string | undefined): boolean => value?.toLowerCase() === 'yes'

/** More often than asked for at most: a dead link has to be noticed within seconds. */
const keepAlive = (value: string | undefined): number => {
  const seconds = Number(value)
  return Number.isInteger(seconds) && seconds >= 1 ? Math.min(seconds, 5) : 4
}

/** The tokens that can stand in addresses and paths (ssh_config(5), TOKENS); others stay as they are. */
function expandTokens(
  text: string,
  { alias, address, user }: { alias: string; address: string; user: string },
): string {
  const tokens: Readonly<Record<string, string>> = { '%%': '%', '%h': address, '%n': alias, '%r': user, '%d': '~' }
  return text.replace(/%./g, (token) => (token === '%h' && text === address ? alias : (tokens[token] ?? token)))
}
