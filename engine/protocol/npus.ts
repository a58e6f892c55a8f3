import { z } from 'zod'
import { state, topic } from '../rpc/topic.ts'
import { Text, Timestamp } from './text.ts'

/**
 * One chip of `npu-smi info`. Null where the tool prints `NA` or `-`, and where the column does not exist on that chip
 * or version. Memory in MB, power in W, temperature in °C. A card's number is a name, not an index.
 */
export const NpuChip = z.object({
  npu: z.number().int(),
  /** Null only when the second row of the chip is missing. */
  chip: z.number().int().nullable(),
  name: z.string(),
  health: z.string(),
  powerW: z.number().nullable(),
  tempC: z.number().nullable(),
  hugepagesUsed: z.number().nullable(),
  hugepagesTotal: z.number().nullable(),
  busId: z.string().nullable(),
  aicorePct: z.number().nullable(),
  /** The 950 has this in place of `aicorePct`. */
  npuUtilPct: z.number().nullable().optional(),
  memoryUsedMB: z.number().nullable(),
  memoryTotalMB: z.number().nullable(),
  hbmUsedMB: z.number().nullable(),
  hbmTotalMB: z.number().nullable(),
  /** `Device` on 310 and 310P, `Phy-ID` on A3. */
  deviceId: z.number().int().optional(),
})
export type NpuChip = z.infer<typeof NpuChip>

/** A process on a chip; `pid` as the host counts, or as printed where a container cannot resolve it. */
export const NpuProcess = z.object({
  npu: z.number().int(),
  chip: z.number().int(),
  pid: z.number().int(),
  name: z.string(),
  memoryMB: z.number().nullable(),
  pidInContainer: z.number().int().nullable().optional(),
})
export type NpuProcess = z.infer<typeof NpuProcess>

/** What was understood of one `npu-smi info`. */
export const NpuTable = z.object({
  kind: z.literal('info'),
  npuSmiVersion: z.string().nullable(),
  /** The text after `Version:`, which is the driver's. */
  driver: z.string().nullable(),
  npus: z.array(NpuChip),
  /** A card that is absent here has no processes only if the whole table was read. */
  processes: z.array(NpuProcess),
  /** The text is not as the tool prints it: cut, shifted, masked or quoted. */
  damaged: z.boolean().optional(),
  /** Rows that were not understood, as printed. */
  unread: z.array(z.string()).optional(),
  /** Notes that the tool printed around the table. */
  warnings: z.array(z.string()).optional(),
})
export type NpuTable = z.infer<typeof NpuTable>

/** Why there is no table: a code of ours, what it means, and what the tool printed. */
export const NpuProblem = z.object({ code: z.string(), text: Text, raw: z.string() })
export type NpuProblem = z.infer<typeof NpuProblem>

/**
 * Memory errors of a chip since its last reset, over all its memory. Single-bit ones are corrected; double-bit ones are
 * not, and what was computed with them is wrong.
 */
export const EccCounts = z.object({
  npu: z.number().int(),
  chip: z.number().int(),
  singleBit: z.number().int().nonnegative(),
  doubleBit: z.number().int().nonnegative(),
  /** Pages that are taken out of use for good because of double-bit errors. */
  isolatedPages: z.number().int().nonnegative(),
})
export type EccCounts = z.infer<typeof EccCounts>

/** One look at all NPUs of a host, by one run of `npu-smi info`. */
export const NpuSample = z.object({
  at: Timestamp,
  /** How long the tool took, milliseconds. */
  tookMs: z.number().nonnegative(),
  table: NpuTable.nullable(),
  /** Names of the users that own the processes of the table, by pid; those that cannot be told are absent. */
  owners: z.record(z.string(), z.string()),
  problem: NpuProblem.nullable(),
  /** Asked for once an hour; absent before the first time, and where the product does not tell. */
  ecc: z.object({ at: Timestamp, chips: z.array(EccCounts) }).optional(),
})
export type NpuSample = z.infer<typeof NpuSample>

export const npus = topic('npus', {
  /** The last sample, then each new one. Several watchers share one run of the tool; the shortest period wins. */
  watch: state(
    z.object({ periodMs: z.number().int().min(1000).max(3_600_000).default(5000) }),
    NpuSample.nullable(),
    z.object({ kind: z.literal('sample'), sample: NpuSample }),
  ),
})
