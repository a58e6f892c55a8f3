import { z } from 'zod'
import { CodedError, HostFacts, HostId, Text, Timestamp } from '#engine/protocol/index.ts'
import { call, state, topic } from '#engine/rpc/topic.ts'

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
})
export type HostView = z.infer<typeof HostView>

export const hosts = topic('hosts', {
  watch: state(z.object({}), z.array(HostView), z.object({ kind: z.literal('changed'), host: HostView })),
  facts: call(z.object({ id: HostId }), HostFacts),
})

export const engines = topic('engines', {
  /** Ends the engine's process and starts it again; jobs are not touched. */
  restart: call(z.object({ host: HostId }), z.object({})),
})
