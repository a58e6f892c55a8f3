import { z } from 'zod'
import { call, topic } from '../rpc/topic.ts'
import { Timestamp } from './text.ts'

/** First call on a new connection. Unknown fields are ignored by both sides; features say what the engine can. */
export const Hello = z.object({
  protocol: z.number().int(),
  version: z.string(),
  pid: z.number().int(),
  features: z.array(z.string()),
  /** The host's clock, to compare it with that of another one. */
  now: Timestamp.optional(),
})
export type Hello = z.infer<typeof Hello>
export const PROTOCOL_VERSION = 1

export const engine = topic('engine', {
  hello: call(z.object({ protocol: z.number().int() }), Hello),
})

/** What is known of a host without asking for rights. Sizes in bytes. */
export const HostFacts = z.object({
  hostname: z.string(),
  platform: z.string(),
  arch: z.string(),
  release: z.string(),
  cpuModel: z.string(),
  cores: z.number().int().positive(),
  memoryBytes: z.number().nonnegative(),
  freeMemoryBytes: z.number().nonnegative(),
  nodeVersion: z.string(),
  bootId: z.string(),
  user: z.string(),
  dirs: z.object({
    home: z.string(),
    /** The engine's own folder, `~/.ascend-workbench` unless moved. */
    state: z.string(),
    /** Where runs put their results unless told otherwise. */
    workspace: z.string(),
    /** The sample that is shipped with the workbench; null on a host that does not hold it. */
    sample: z.string().nullable(),
  }),
  workspaceFreeBytes: z.number().nonnegative(),
  npus: z.array(z.object({ name: z.string() })),
})
export type HostFacts = z.infer<typeof HostFacts>

export const facts = topic('facts', { get: call(z.object({}), HostFacts) })

export const FileStat = z.object({
  path: z.string(),
  name: z.string(),
  kind: z.enum(['file', 'folder', 'link', 'other']),
  bytes: z.number().int().nonnegative(),
  modifiedAt: z.number(),
})
export type FileStat = z.infer<typeof FileStat>

export const files = topic('files', {
  /** Null when nothing is there. `~` and a leading `~/` mean the home folder. */
  stat: call(z.object({ path: z.string() }), FileStat.nullable()),
  list: call(
    z.object({ path: z.string() }),
    z.object({ path: z.string(), entries: z.array(FileStat), isTruncated: z.boolean() }),
  ),
  /** At most 1 MiB at a time, base64. */
  read: call(
    z.object({
      path: z.string(),
      offset: z.number().int().nonnegative(),
      bytes: z
        .number()
        .int()
        .positive()
        .max(1 << 20),
    }),
    z.object({ data: z.string(), bytes: z.number().int(), fileBytes: z.number().int() }),
  ),
  disk: call(z.object({ path: z.string() }), z.object({ freeBytes: z.number(), totalBytes: z.number() })),
})
