import { z } from 'zod'
import { CodedError, HostFacts, HostId, Text, Timestamp } from '#engine/protocol/index.ts'
import { call, state, topic } from '#engine/rpc/topic.ts'
import { HostDraft, ImportCandidate, SshHostView } from './host-book.ts'

export const EngineState = z.enum(['stopped', 'starting', 'ready', 'reconnecting', 'failed'])
export type EngineState = z.infer<typeof EngineState>

export const HostView = z.object({
  id: HostId,
  kind: z.enum(['local', 'ssh']),
  name: Text,
  engine: z.object({
    state: EngineState,
    version: z.string().optional(),
    /** Last measured round trip. */
    latencyMs: z.number().nonnegative().optional(),
    error: CodedError.optional(),
    since: Timestamp,
  }),
  facts: HostFacts.optional(),
  runningJobs: z.number().int().nonnegative(),
  /** How it is reached; absent for this computer. */
  ssh: SshHostView.optional(),
})
export type HostView = z.infer<typeof HostView>

const id = z.object({ id: HostId })
const nothing = z.object({})

export const hosts = topic('hosts', {
  watch: state(
    z.object({}),
    z.array(HostView),
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('changed'), host: HostView }),
      z.object({ kind: z.literal('removed'), id: HostId }),
    ]),
  ),
  facts: call(id, HostFacts),
  add: call(z.object({ draft: HostDraft }), id),
  /** New settings count from the next connection on. */
  edit: call(id.extend({ draft: HostDraft }), nothing),
  /** Secrets are not taken along. */
  duplicate: call(id, id),
  /** Forgets the host and its secrets; nothing on the host itself is touched. */
  remove: call(id, nothing),
  connect: call(id, nothing),
  disconnect: call(id, nothing),
  /** Forgets one remembered secret, or all of the host. */
  forgetSecrets: call(id.extend({ what: z.string().optional() }), nothing),
  /** Trusts the key that the host showed last, in place of the known one, and connects. */
  trustKey: call(id.extend({ fingerprint: z.string() }), nothing),
  /** What an SSH configuration file holds; `~/.ssh/config` without a path. Changes nothing. */
  readSshConfig: call(
    z.object({ path: z.string().trim().min(1).optional() }),
    z.object({ path: z.string(), candidates: z.array(ImportCandidate), notes: z.array(z.string()) }),
  ),
  /** Takes over the hosts of these names, with the jump hosts that they need. */
  importSshConfig: call(
    z.object({ path: z.string().trim().min(1).optional(), aliases: z.array(z.string()).min(1) }),
    z.object({ ids: z.array(HostId) }),
  ),
})

export const engines = topic('engines', {
  /** Ends the engine's process and starts it again; jobs are not touched. */
  restart: call(z.object({ host: HostId }), z.object({})),
})
