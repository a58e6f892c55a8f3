import { z } from 'zod'
import { HostId, NpuSample, Text, Timestamp } from '#engine/protocol/index.ts'
import { NpuRecordingStatus } from '#engine/protocol/npu-records.ts'
import { call, state, topic } from '#engine/rpc/topic.ts'

/** Something on a host that somebody should look at. It lasts until the monitor sees that it is over. */
export const NpuAlert = z.object({
  id: z.string(),
  host: HostId,
  kind: z.enum(['temperature', 'health', 'ecc', 'vanished', 'tool']),
  /** Card and chip; null when it concerns the whole host. */
  npu: z.number().int().nullable(),
  chip: z.number().int().nullable(),
  text: Text,
  since: Timestamp,
})
export type NpuAlert = z.infer<typeof NpuAlert>

export const HostNpus = z.object({
  host: HostId,
  /** Null until the first sample of this connection. */
  sample: NpuSample.nullable(),
  alerts: z.array(NpuAlert),
})
export type HostNpus = z.infer<typeof HostNpus>

/** One stretch of time of one chip: means and largest values. What the chip does not report is 0. */
export const NpuPoint = z.object({
  at: Timestamp,
  aicore: z.number(),
  aicoreMax: z.number(),
  hbmUsedMB: z.number(),
  hbmUsedMaxMB: z.number(),
  hbmTotalMB: z.number(),
  temp: z.number(),
  tempMax: z.number(),
  power: z.number(),
  powerMax: z.number(),
})
export type NpuPoint = z.infer<typeof NpuPoint>

export const NpuSeries = z.object({ npu: z.number().int(), chip: z.number().int(), points: z.array(NpuPoint) })
export type NpuSeries = z.infer<typeof NpuSeries>

export type { NpuRecordingStatus }

export const npus = topic('npus', {
  /** The NPUs of all connected hosts. While it is watched, samples come at `periodMs`; else about twice a minute. */
  watch: state(
    z.object({ periodMs: z.number().int().min(1000).max(60_000).default(5000) }),
    z.array(HostNpus),
    z.object({ kind: z.literal('changed'), host: HostNpus }),
  ),
  /** Whether and what a host records while nobody is connected. What it has recorded fills the gaps of the history. */
  recording: call(z.object({ host: HostId }), NpuRecordingStatus),
  record: call(z.object({ host: HostId, isOn: z.boolean() }), NpuRecordingStatus),
  /** From the store, in stretches of `stepMs` (the finest that gives at most `points`). */
  history: call(
    z.object({ host: HostId, from: Timestamp, to: Timestamp, points: z.number().int().min(10).max(2000).default(400) }),
    z.object({ stepMs: z.number(), series: z.array(NpuSeries) }),
  ),
})
