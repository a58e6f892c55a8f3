import type { Progress } from '../protocol/jobs.ts'
import { taskSpecs, type TaskName, type TaskSpecInput } from '../protocol/tasks.ts'
import type { TaskContext } from '../tasks/context.ts'
import { ProgressMeter } from '../tasks/progress-meter.ts'
import { runTask } from '../tasks/registry.ts'
import { ProgressLine } from './progress-line.ts'
import { type Session, UsageError } from './session.ts'

/** Runs a task in this process: lines on standard output, progress on standard error, the result at the end. */
export async function runTaskHere<N extends TaskName>(
  session: Session,
  name: N,
  spec: TaskSpecInput<N>,
  summary: (result: Record<string, unknown>) => string[] = () => [],
): Promise<void> {
  const parsed = taskSpecs[name].safeParse(spec)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new UsageError(issue ? `${issue.path.join('.')}: ${issue.message}` : `unreadable options for ${name}`)
  }
  await runHere(session, (context) => runTask(name, parsed.data, context), summary)
}

/** Runs work that is no task of its own in the same way. */
export async function runHere(
  session: Session,
  work: (context: TaskContext) => Promise<Record<string, unknown>>,
  summary: (result: Record<string, unknown>) => string[] = () => [],
): Promise<void> {
  const line = new ProgressLine(process.stderr, session.locale)
  const meter = new ProgressMeter((progress: Progress) => line.show(progress))
  const out = session.isJson ? process.stderr : process.stdout
  const print = (text: string) => {
    line.clear()
    out.write(`${text}\n`)
  }
  const context: TaskContext = {
    signal: session.signal,
    log: print,
    progress: (progress) => meter.update(progress),
    // A task prints its metrics as lines too; the numbers are for the journal of a job.
    metric: () => undefined,
    artifact: (artifact) => print(`${artifact.kind}: ${artifact.path}`),
  }
  try {
    const result = await work(context)
    meter.flush()
    line.clear()
    session.result(result, () => summary(result))
  } finally {
    line.clear()
  }
}
