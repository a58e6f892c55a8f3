import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeFileAtomic } from '../host/atomic-file.ts'
import { withFileCode } from '../host/fs-errors.ts'
import type { JobFolder } from '../jobs/job-folder.ts'
import { AppError, toCodedError } from '../protocol/errors/index.ts'
import type { TaskContext } from './context.ts'
import { EventFile } from './event-file.ts'
import { ProgressMeter } from './progress-meter.ts'
import { runTask } from './registry.ts'
import { TaskFailure } from './task-failure.ts'

const TERMINATED = 128 + 15
/** How long a task that has failed waits for space to tell why. */
const LAST_WORDS_TRIES = 20
const LAST_WORDS_MS = 250

/**
 * Runs the task of a job in this process and answers with the exit code: 0, 1 when it failed, 143 when it was stopped.
 * Lines go to standard output, which is the job's `output.log`; the rest to the events, which the supervisor numbers.
 */
export async function runTaskOfJob(folder: JobFolder): Promise<number> {
  const spec = folder.readSpec()
  if (spec?.run.kind !== 'task') throw new AppError('input.invalid', { subject: folder.path, reason: 'holds no task' })
  const events = new EventFile(folder.events)
  const abort = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => abort.abort())
  const meter = new ProgressMeter((progress) => events.append({ kind: 'progress', progress }))
  const context: TaskContext = {
    signal: abort.signal,
    log: (line) => print(1, line),
    progress: (progress) => meter.update(progress),
    metric: (step, values) => events.append({ kind: 'metric', step, values }),
    artifact: (artifact) => events.append({ kind: 'artifact', artifact }),
  }
  const fail = async (thrown: unknown): Promise<number> => {
    const error = withFileCode(thrown, folder.output)
    if (abort.signal.aborted && error instanceof AppError && error.code === 'cancelled') return TERMINATED
    printError(error)
    if (error instanceof TaskFailure) writeResult(folder, error.result)
    events.append({ kind: 'error', error: toCodedError(error) })
    for (let tries = 0; !events.flush() && tries < LAST_WORDS_TRIES; tries++) await sleep(LAST_WORDS_MS)
    return 1
  }
  // What is thrown outside the task's own promise ends it as well; nothing it holds can be trusted then.
  const onDefect = (error: unknown) => void fail(error).then((code) => process.exit(code))
  process.on('uncaughtException', onDefect)
  process.on('unhandledRejection', onDefect)
  try {
    const result = await runTask(spec.run.task, spec.run.spec, context)
    meter.flush()
    writeResult(folder, result)
    return 0
  } catch (error) {
    meter.flush()
    return await fail(error)
  } finally {
    events.close()
  }
}

const writeResult = (folder: JobFolder, result: Record<string, unknown>): void =>
  writeFileAtomic(folder.result, `${JSON.stringify(result, null, 2)}\n`, 0o600)

/** The stack only of what is a defect. On a full disk the journal alone tells the error, as soon as it can. */
function printError(error: unknown): void {
  try {
    print(2, error instanceof AppError || !(error instanceof Error) ? String(error) : (error.stack ?? error.message))
  } catch {
    return
  }
}

function print(fd: 1 | 2, line: string): void {
  const bytes = Buffer.from(`${line}\n`)
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done)
}
