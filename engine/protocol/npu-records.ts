import { z } from 'zod'
import { call, topic } from '../rpc/topic.ts'
import { CodedError } from './errors/index.ts'
import { JobId } from './ids.ts'
import type { NpuChip } from './npus.ts'
import { Timestamp } from './text.ts'

/** What one chip did at one moment, whatever its generation: null where it does not tell. MB, °C, W. */
export const NpuReading = z.object({
  npu: z.number().int(),
  chip: z.number().int(),
  /** AI cores, or the whole NPU where only that is told; percent. */
  busyPct: z.number().nullable(),
  /** HBM, or the other memory of chips without it. */
  usedMB: z.number().nullable(),
  totalMB: z.number().nullable(),
  tempC: z.number().nullable(),
  powerW: z.number().nullable(),
})
export type NpuReading = z.infer<typeof NpuReading>

/** Chips without HBM train in their other memory. */
export function readingOf(chip: NpuChip): NpuReading {
  const hasHbm = chip.hbmTotalMB !== null && chip.hbmTotalMB > 0
  return {
    npu: chip.npu,
    chip: chip.chip ?? 0,
    busyPct: chip.aicorePct ?? chip.npuUtilPct ?? null,
    usedMB: hasHbm ? chip.hbmUsedMB : chip.memoryUsedMB,
    totalMB: hasHbm ? chip.hbmTotalMB : chip.memoryTotalMB,
    tempC: chip.tempC,
    powerW: chip.powerW,
  }
}

/** One sample on the host's disk. Numbers rise by one and are never used twice; `at` is the host's clock. */
export const NpuRecord = z.object({
  n: z.number().int().positive(),
  at: Timestamp,
  chips: z.array(NpuReading),
  /** Why there was no table. */
  problem: z.string().optional(),
})
export type NpuRecord = z.infer<typeof NpuRecord>

/** The recording of a host. `isWanted` without `isRunning`: something stopped it, `error` may say what. */
export const NpuRecordingStatus = z.object({
  isWanted: z.boolean(),
  isRunning: z.boolean(),
  /** Seconds between two samples. */
  periodS: z.number().int().positive(),
  /** Of the records that are kept; null without any. */
  firstAt: Timestamp.nullable(),
  lastAt: Timestamp.nullable(),
  records: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  error: CodedError.nullable(),
})
export type NpuRecordingStatus = z.infer<typeof NpuRecordingStatus>

/** The id of the job that records; by it what runs on a host is known for a service of the workbench. */
export const NPU_RECORDING_JOB = JobId.parse('npu-recording')

export const MAX_RECORDS_PER_READ = 500

export const npuRecords = topic('npuRecords', {
  status: call(z.object({}), NpuRecordingStatus),
  /** Starts or ends the job that samples while nobody is connected. What is recorded stays until it is too old. */
  set: call(
    z.object({ isOn: z.boolean(), periodS: z.number().int().min(1).max(3600).default(60) }),
    NpuRecordingStatus,
  ),
  /**
   * Records from a number on, the oldest first. Another `epoch` than before means that the folder was deleted and
   * numbers began at 1 again; null means that nothing was ever recorded.
   */
  read: call(
    z.object({
      from: z.number().int().positive(),
      limit: z.number().int().positive().max(MAX_RECORDS_PER_READ).default(MAX_RECORDS_PER_READ),
    }),
    z.object({ epoch: z.string().nullable(), records: z.array(NpuRecord) }),
  ),
})
