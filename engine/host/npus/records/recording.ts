import { readFileSync, rmSync } from 'node:fs'
import { z } from 'zod'
import { endStates } from '../../../jobs/job-states.ts'
import type { JobStore } from '../../../jobs/job-store.ts'
import type { JobWatch } from '../../../jobs/job-watch.ts'
import type { JobView } from '../../../protocol/jobs.ts'
import { NPU_RECORDING_JOB as JOB, npuRecords, type NpuRecordingStatus } from '../../../protocol/npu-records.ts'
import { implement, type Service } from '../../../rpc/serve.ts'
import { writeFileAtomic } from '../../atomic-file.ts'
import { isMissing } from '../../fs-errors.ts'
import { recordsDir, wantedMark } from './places.ts'
import { RecordLog } from './record-log.ts'

const GRACE_MS = 5000
const RETRY_MS = 1000
const DEFAULT_PERIOD_S = 60
const Wanted = z.object({ periodS: z.number().int().positive() })

/**
 * Recording while nobody is connected: a mark on the disk says that it is wanted, a job does it. The job outlives the
 * engine; after a restart of the host the next engine starts another one.
 */
export class NpuRecording implements Disposable {
  readonly #jobs: JobStore
  readonly #watch: Pick<JobWatch, 'touch'>
  #again: NodeJS.Timeout | null = null

  constructor(jobs: JobStore, watch: Pick<JobWatch, 'touch'>) {
    this.#jobs = jobs
    this.#watch = watch
  }

  get service(): Service {
    return implement(npuRecords, {
      status: () => this.status(),
      set: ({ isOn, periodS }, { signal }) => this.set(isOn, periodS, signal),
      read: ({ from, limit }) => {
        const log = new RecordLog(recordsDir())
        return { epoch: log.epoch, records: log.read(from, limit) }
      },
    })
  }

  status(): NpuRecordingStatus {
    const periodS = wantedPeriod()
    const job = this.#job()
    return {
      isWanted: periodS !== null,
      isRunning: job !== null && !endStates.has(job.state),
      periodS: periodS ?? DEFAULT_PERIOD_S,
      ...new RecordLog(recordsDir()).facts(),
      error: job?.error ?? null,
    }
  }

  async set(isOn: boolean, periodS: number, signal: AbortSignal): Promise<NpuRecordingStatus> {
    const isOther = wantedPeriod() !== periodS
    if (isOn) writeFileAtomic(wantedMark(), `${JSON.stringify({ periodS })}\n`, 0o600)
    else rmSync(wantedMark(), { force: true })
    const job = this.#job()
    if (job !== null && !endStates.has(job.state) && (!isOn || isOther)) await this.#jobs.stop(JOB, GRACE_MS, signal)
    if (!isOn) this.#removeEnded()
    this.resume()
    return this.status()
  }

  [Symbol.dispose](): void {
    if (this.#again) clearTimeout(this.#again)
  }

  /** What keeps the job from being started (a full disk) does not keep the engine from starting; the status tells. */
  start(): void {
    try {
      this.resume()
    } catch (error) {
      process.stderr.write(`the NPUs are not recorded: ${String(error)}\n`)
    }
  }

  /** Starts the job if it is wanted and does not run: after a restart of the host, or when it failed. */
  resume(): void {
    const periodS = wantedPeriod()
    const job = this.#job()
    if (periodS === null || (job !== null && !endStates.has(job.state))) return
    if (!this.#removeEnded()) {
      this.#again ??= setTimeout(() => {
        this.#again = null
        this.resume()
      }, RETRY_MS).unref()
      return
    }
    this.#jobs.submit({
      id: JOB,
      title: { en: 'Record the NPUs', 'zh-CN': '记录 NPU 状态' },
      run: { kind: 'task', task: 'npus.record', spec: { periodS } },
      files: [],
      env: {},
      labels: { service: 'npu-recording' },
    })
    this.#watch.touch(JOB)
  }

  #job(): JobView | null {
    return this.#jobs.find(JOB)?.view() ?? null
  }

  /** False where the job is lost, but no supervisor has written that down yet: soon one will. */
  #removeEnded(): boolean {
    const reader = this.#jobs.find(JOB)
    if (reader === null) return true
    if (!reader.hasEnded()) {
      this.#jobs.ensureSupervised(JOB)
      return false
    }
    this.#jobs.remove(JOB)
    this.#watch.touch(JOB)
    return true
  }
}

/** Null where recording is not wanted. A mark that cannot be read means the usual period. */
function wantedPeriod(): number | null {
  let text: string
  try {
    text = readFileSync(wantedMark(), 'utf8')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
  try {
    return Wanted.parse(JSON.parse(text)).periodS
  } catch {
    return DEFAULT_PERIOD_S
  }
}
