import { z } from 'zod'
import { CodedError, HostId, Timestamp } from '#engine/protocol/index.ts'

/** Ways to prove who one is, in the order they are tried. `keyboard` is what servers ask step by step: one-time codes. */
export const AuthMethod = z.enum(['agent', 'key', 'password', 'keyboard'])
export type AuthMethod = z.infer<typeof AuthMethod>
export const AUTH_METHODS = AuthMethod.options

/** A leading dash would be an option to a program, and no name or address holds blanks. */
const word = z
  .string()
  .trim()
  .min(1)
  .max(255)
  .regex(/^[^\s-]\S*$/, 'no blanks, and no dash in front')
const port = z.number().int().min(1).max(65535)

export const ProxySettings = z.object({
  kind: z.enum(['socks5', 'http']),
  host: word,
  port,
  /** The password of this user is asked for, and kept like the others. */
  user: word.optional(),
})
export type ProxySettings = z.infer<typeof ProxySettings>

/** How a host is reached. Nothing in here is secret. */
export const SshSettings = z.object({
  address: word,
  port: port.default(22),
  user: word,
  auth: z
    .array(AuthMethod)
    .min(1)
    .default([...AUTH_METHODS]),
  /** Files with private keys, `~/` allowed; empty takes the usual ones of `~/.ssh`. */
  keys: z.array(z.string().trim().min(1)).default([]),
  /** Of the agent's keys, only those that `keys` names. */
  identitiesOnly: z.boolean().default(false),
  /** Null takes the agent of the session. */
  agentSocket: z.string().trim().min(1).nullable().default(null),
  /** The host to go through. That one may have one too, so chains have any length. */
  jump: HostId.nullable().default(null),
  /** On the way to this host, or to the first of its jump hosts when that has none of its own. */
  proxy: ProxySettings.nullable().default(null),
  /** Seconds of silence before the server is asked whether it is there. */
  keepAliveSeconds: z.number().int().min(1).max(5).default(4),
  /** Where the engine lives on the host; null is `~/.ascend-workbench`. */
  engineDir: z
    .string()
    .trim()
    .regex(/^(\/|~\/)/, 'starts with / or ~/')
    .nullable()
    .default(null),
  /** The container on the host that the engine runs in, where the host itself cannot run it. */
  engineContainer: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'the name of a container')
    .nullable()
    .default(null),
})
export type SshSettings = z.infer<typeof SshSettings>

export const HostDraft = z.object({
  name: z.string().trim().min(1).max(80),
  tags: z.array(z.string().trim().min(1).max(40)).max(20).default([]),
  /** Connect when the workbench starts. */
  isAutomatic: z.boolean().default(false),
  ssh: SshSettings,
})
export type HostDraft = z.infer<typeof HostDraft>

export const LinkState = z.enum(['idle', 'connecting', 'ready', 'reconnecting', 'failed'])
export type LinkState = z.infer<typeof LinkState>

/** One try to prove who one is, for the user to see what happened in which order. */
export const AuthAttempt = z.object({
  method: AuthMethod,
  /** The key file, or the keys of the agent; empty for what has no name. */
  detail: z.string(),
  outcome: z.enum(['accepted', 'partial', 'refused', 'skipped']),
  /** Why it was skipped. */
  reason: z.string().optional(),
})
export type AuthAttempt = z.infer<typeof AuthAttempt>

export const LinkView = z.object({
  state: LinkState,
  since: Timestamp,
  error: CodedError.optional(),
  attempts: z.array(AuthAttempt),
  /** When the next try is due, while reconnecting. */
  retryAt: Timestamp.optional(),
  /** The key of the host as last seen: `SHA256:…`. */
  fingerprint: z.string().optional(),
})
export type LinkView = z.infer<typeof LinkView>

export const SshHostView = z.object({
  settings: SshSettings,
  tags: z.array(z.string()),
  isAutomatic: z.boolean(),
  link: LinkView,
  /** Which secrets of this host are kept. */
  remembered: z.array(z.string()),
})
export type SshHostView = z.infer<typeof SshHostView>

/** A host of an SSH configuration file as it would be taken over. */
export const ImportCandidate = z.object({
  alias: z.string(),
  draft: HostDraft.omit({ ssh: true }).extend({ ssh: SshSettings.omit({ jump: true }) }),
  /** Aliases to go through, the first one first. */
  jumps: z.array(z.string()),
  /** What the file says and this program does not do. */
  notes: z.array(z.string()),
  /** The host of the same name that is there already. */
  existing: HostId.nullable(),
})
export type ImportCandidate = z.infer<typeof ImportCandidate>
