import { z } from 'zod'
import { CodedError, HostId } from '#engine/protocol/index.ts'
import { call, state, topic } from '#engine/rpc/topic.ts'

export const ForwardId = z.string().min(1)

/** A name or an address; a leading dash would be an option to a program. */
const address = z
  .string()
  .trim()
  .min(1)
  .max(255)
  .regex(/^[^\s-]\S*$/, 'no blanks, and no dash in front')
const target = z.object({ host: address, port: z.number().int().min(1).max(65535) })

const common = {
  name: z.string().trim().max(80).default(''),
  /** Where is listened: on this computer, for `remote` on the host. Port 0 takes any that is free. */
  listen: z.object({ address: address.default('127.0.0.1'), port: z.number().int().min(0).max(65535) }),
  /** Opened after each connect. */
  isAutomatic: z.boolean().default(false),
}

/**
 * `local`: connections to this computer go to a target as the host sees it. `remote`: connections to the host go to a
 * target as this computer sees it. `dynamic`: a SOCKS 5 proxy on this computer whose connections start at the host.
 */
export const ForwardSettings = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('local'), ...common, target }),
  z.object({ kind: z.literal('remote'), ...common, target }),
  z.object({ kind: z.literal('dynamic'), ...common }),
])
export type ForwardSettings = z.infer<typeof ForwardSettings>

/** `waiting`: for the connection, which is on its way. `failed` is tried again by itself while the host is connected. */
export const ForwardState = z.enum(['stopped', 'waiting', 'opening', 'open', 'failed'])
export type ForwardState = z.infer<typeof ForwardState>

export const ForwardView = z.object({
  id: ForwardId,
  host: HostId,
  settings: ForwardSettings,
  state: ForwardState,
  /** Where it listens now. */
  listening: z.object({ address: z.string(), port: z.number().int() }).optional(),
  /** Open right now. */
  connections: z.number().int().nonnegative(),
  error: CodedError.optional(),
})
export type ForwardView = z.infer<typeof ForwardView>

export const ForwardDelta = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('changed'), forward: ForwardView }),
  z.object({ kind: z.literal('removed'), id: ForwardId }),
])
export type ForwardDelta = z.infer<typeof ForwardDelta>

/** Whether only programs of the same machine can connect to an address. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)

const id = z.object({ id: ForwardId })
const nothing = z.object({})

/** Port forwards, saved with their hosts. */
export const forwards = topic('forwards', {
  watch: state(nothing, z.array(ForwardView), ForwardDelta),
  /** Errors `host.isLocal`, `forward.duplicate`. A connected host opens an automatic one at once. */
  add: call(z.object({ host: HostId, settings: ForwardSettings }), id),
  /** What was open is opened anew. */
  edit: call(id.extend({ settings: ForwardSettings }), nothing),
  remove: call(id, nothing),
  /** Error `ssh.notConnected`; how it goes is told by the state. */
  start: call(id, nothing),
  /** Ends it with its connections until it is started or the host is connected anew. */
  stop: call(id, nothing),
})
