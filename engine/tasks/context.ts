import type { JournalEntryBody, Progress } from '../protocol/jobs.ts'

type ArtifactReport = Extract<JournalEntryBody, { kind: 'artifact' }>['artifact']

/**
 * What a task may do besides its work. The same task runs in a job (lines go to `output.log`, the rest to the
 * journal), on the command line (a progress bar on stderr) and in tests.
 */
export interface TaskContext {
  /** Aborted on stop; a task then undoes what is half done and throws AppError('cancelled'). */
  readonly signal: AbortSignal
  /** One line of output for people; no trailing newline. */
  log(line: string): void
  /** Cheap to call often: the receiver thins it out and adds rate and ETA when they are missing. */
  progress(progress: Progress): void
  metric(step: number, values: Record<string, number>): void
  artifact(artifact: ArtifactReport): void
}

/** A task: parsed spec in, result for `--json` out. */
export type Task<Spec> = (spec: Spec, context: TaskContext) => Promise<Record<string, unknown>>
