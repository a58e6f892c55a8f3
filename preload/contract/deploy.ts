import { z } from 'zod'
import { HostId } from '#engine/protocol/index.ts'
import { call, state, topic } from '#engine/rpc/topic.ts'

/** What is being brought to a host right now; `done` ends it. Bytes. */
export const InstallProgress = z.object({
  host: HostId,
  phase: z.enum(['fetch', 'runtime', 'engine', 'done']),
  done: z.number().int().nonnegative(),
  total: z.number().int().nonnegative(),
})
export type InstallProgress = z.infer<typeof InstallProgress>

export const InstalledEngines = z.object({
  dir: z.string(),
  arch: z.string(),
  glibc: z.string().nullable(),
  nodes: z.array(z.object({ path: z.string(), version: z.string() })),
  engines: z.array(z.string()),
  /** The engine of this workbench. */
  current: z.string(),
  pinned: z.string().nullable(),
})
export type InstalledEngines = z.infer<typeof InstalledEngines>

const host = z.object({ host: HostId })
const nothing = z.object({})

export const deploy = topic('deploy', {
  watch: state(nothing, z.array(InstallProgress), InstallProgress),
  installed: call(host, InstalledEngines),
  /** Chooses an installed engine (null: the one of this workbench) and starts it in place of the running one. */
  use: call(host.extend({ name: z.string().nullable() }), nothing),
  remove: call(host.extend({ name: z.string() }), nothing),
  /** Ends the engine and takes it off the host; `everything` also deletes jobs with their output. */
  uninstall: call(host.extend({ everything: z.boolean() }), nothing),
})
