import { z } from 'zod'
import { call, topic } from '../rpc/topic.ts'
import { CodedError } from './errors/index.ts'
import { Finding } from './plan.ts'

/** The network side of one device. `device` is the physical number, of `hccn_tool -i` and /dev/davinciN. */
export const DeviceAddress = z.object({
  device: z.number().int().nonnegative(),
  /** Null where none is set. */
  ip: z.string().nullable(),
  netmask: z.string().nullable(),
  gateway: z.string().nullable(),
})
export type DeviceAddress = z.infer<typeof DeviceAddress>

/** An address under which other hosts may reach this one, and how it was found. */
export const ServerAddress = z.object({
  address: z.string(),
  /** `name`: the host's name resolves to it; `ssh`: this connection came in by it; `interface`: a card has it. */
  source: z.enum(['name', 'ssh', 'interface']),
  iface: z.string().nullable(),
})
export type ServerAddress = z.infer<typeof ServerAddress>

/** What a host's rank table can be made of. */
export const RankTableSurvey = z.object({
  hostname: z.string(),
  /** The likeliest first. */
  addresses: z.array(ServerAddress),
  /** By rising number. */
  devices: z.array(DeviceAddress),
  /** Where the addresses of the devices come from: all from one source. */
  source: z.enum(['tool', 'conf', 'none']),
  /** Why hccn_tool gave no addresses; null where it did. */
  toolProblem: z.string().nullable(),
})
export type RankTableSurvey = z.infer<typeof RankTableSurvey>

/** One table that goes into the whole: made of a host's devices, or taken from a text. */
export const RankTableSource = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('host'),
    /** How findings name it. */
    label: z.string(),
    serverIp: z.string(),
    devices: z.array(DeviceAddress),
  }),
  z.object({ kind: z.literal('text'), label: z.string(), text: z.string() }),
])
export type RankTableSource = z.infer<typeof RankTableSource>

export const RankTableRequest = z.object({
  sources: z.array(RankTableSource),
  hosts: z.array(z.object({ name: z.string(), survey: RankTableSurvey })).default([]),
})
export type RankTableRequest = z.input<typeof RankTableRequest>

/** A table as a file: its name and its content, as the drop-ins write them. */
export const RankTableFile = z.object({ name: z.string(), text: z.string() })
export type RankTableFile = z.infer<typeof RankTableFile>

export const RankTableComposition = z.object({
  /** In the order of the sources. */
  tables: z.array(
    z.object({ label: z.string(), file: RankTableFile.nullable(), error: CodedError.nullable(), ranks: z.number() }),
  ),
  /** All of them with ranks numbered anew in their order; null while one of them cannot be read, or there is none. */
  merged: RankTableFile.extend({ servers: z.number(), ranks: z.number() }).nullable(),
  /** About the merged table. */
  findings: z.array(Finding),
})
export type RankTableComposition = z.infer<typeof RankTableComposition>

export const rankTables = topic('rankTables', {
  /** What is on the host of this engine. Asks hccn_tool device by device, which takes a second or two. */
  survey: call(z.object({}), RankTableSurvey),
  /** Pure: the tables of all sources, merged and checked, also against what these hosts say of themselves. */
  compose: call(RankTableRequest, RankTableComposition),
})
