import { z } from 'zod'
import { HostId, Timestamp } from '#engine/protocol/index.ts'
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
  /** As `uname -s` prints it. */
  os: z.string(),
  arch: z.string(),
  glibc: z.string().nullable(),
  /** Those that start: the one on the PATH first, then those that were brought. */
  nodes: z.array(z.object({ path: z.string(), version: z.string() })),
  /** The one of them that is new enough for the engine; null where one has to be brought. */
  node: z.string().nullable(),
  engines: z.array(z.string()),
  /** The engine of this workbench. */
  current: z.string(),
  pinned: z.string().nullable(),
})
export type InstalledEngines = z.infer<typeof InstalledEngines>

const count = z.number().int().nonnegative()
const version = z.object({
  name: z.string(),
  bytes: count,
  installedAt: Timestamp,
})

/** What the engine's folder takes on a host, and what runs from it. Asking walks the folder, so it takes longer. */
export const DeployUsage = z.object({
  engines: z.array(version.extend({ jobs: count, terminals: count, connections: count })),
  /** Each Node that was brought, with the number of programs that run on it. */
  runtimes: z.array(version.extend({ programs: count })),
  /** Of the whole folder, jobs and their output included. */
  totalBytes: count,
  /** Jobs that are kept there, also ended ones. */
  jobFolders: count,
})
export type DeployUsage = z.infer<typeof DeployUsage>

/** A running container of a host, as a place for the engine. */
export const EngineContainer = z.object({
  name: z.string(),
  image: z.string(),
  /** Null where it could not be told. */
  glibc: z.string().nullable(),
  /** The engine's folder is mounted in it, at the same path. */
  seesFolder: z.boolean(),
  /** Its C library is new enough for the Node that is brought, or it has one that fits. */
  canRun: z.boolean(),
})
export type EngineContainer = z.infer<typeof EngineContainer>

const host = z.object({ host: HostId })
const nothing = z.object({})

export const deploy = topic('deploy', {
  watch: state(nothing, z.array(InstallProgress), InstallProgress),
  installed: call(host, InstalledEngines),
  usage: call(host, DeployUsage),
  /** The containers that run on a host, and the engine's folder that one has to see. Error `engine.noDocker`. */
  containers: call(host, z.object({ dir: z.string(), containers: z.array(EngineContainer) })),
  /** Starts the engine inside a container, or with null on the host itself. Error `engine.hasJobs`. */
  useContainer: call(host.extend({ container: z.string().nullable() }), nothing),
  /** Chooses an installed engine (null: the one of this workbench) and starts it in place of the running one. */
  use: call(host.extend({ name: z.string().nullable() }), nothing),
  /** Errors `engine.inUse` for the chosen one, `engine.versionBusy` for one that jobs or terminals run with. */
  remove: call(host.extend({ name: z.string() }), nothing),
  /** Removes a Node that was brought; `engine.runtimeBusy` while programs run on it. */
  removeRuntime: call(host.extend({ name: z.string() }), nothing),
  /**
   * Ends terminals and engine, takes both off the host and gives up the connection, as the next one brings the engine
   * again. `everything` also deletes jobs with their output. Error `engine.hasJobs`.
   */
  uninstall: call(host.extend({ everything: z.boolean() }), nothing),
})
