import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readingOf } from '../../../protocol/npu-records.ts'
import { AppError } from '../../../protocol/errors/index.ts'
import type { NpuSample } from '../../../protocol/npus.ts'
import type { Task } from '../../../tasks/context.ts'
import { sampleNpus } from '../sample.ts'
import { recordsDir, wantedMark } from './places.ts'
import { RecordLog } from './record-log.ts'

export interface RecorderOptions {
  readonly log: Pick<RecordLog, 'append'>
  readonly sample: (signal: AbortSignal) => Promise<NpuSample>
  readonly periodMs: number
  /** Asked before each sample. */
  readonly isWanted: () => boolean
  /** Told once when records cannot be written, and once when they can again; null. */
  readonly onTrouble: (error: unknown) => void
  readonly signal: AbortSignal
}

/**
 * Samples and records until it is not wanted any more; answers how many records were written. A record that cannot be
 * written (a full disk) is left out, and the next one is tried.
 */
export async function record(options: RecorderOptions): Promise<number> {
  const { log, sample, periodMs, isWanted, onTrouble, signal } = options
  let written = 0
  let isInTrouble = false
  while (isWanted()) {
    const startedAt = performance.now()
    const { at, table, problem } = await sample(signal)
    if (signal.aborted) throw new AppError('cancelled')
    // Looked at again: the folder of a removed engine must not come back.
    if (!isWanted()) break
    try {
      log.append({
        at,
        chips: (table?.npus ?? []).map(readingOf),
        ...(problem === null ? {} : { problem: problem.code }),
      })
      written++
      if (isInTrouble) onTrouble(null)
      isInTrouble = false
    } catch (error) {
      if (!isInTrouble) onTrouble(error)
      isInTrouble = true
    }
    const restMs = Math.max(periodMs - (performance.now() - startedAt), periodMs / 10)
    await sleep(restMs, undefined, { signal }).catch(() => {
      throw new AppError('cancelled')
    })
  }
  return written
}

/** The job that records while nobody is connected, and `awb host record`. Ends when its mark is taken away. */
export const recordNpus: Task<{ periodS: number }> = async ({ periodS }, { signal, log }) => {
  const mark = wantedMark()
  // On the command line there is no mark; it ends with Ctrl-C.
  const hasMark = existsSync(mark)
  log(`one sample every ${periodS} s to ${recordsDir()}`)
  const records = await record({
    log: new RecordLog(recordsDir()),
    sample: sampleNpus,
    periodMs: periodS * 1000,
    isWanted: () => !hasMark || existsSync(mark),
    onTrouble: (error) => log(error === null ? 'records can be written again' : `not written: ${String(error)}`),
    signal,
  })
  return { records }
}
