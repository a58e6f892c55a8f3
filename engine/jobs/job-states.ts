import type { JobState } from '../protocol/jobs.ts'

/** States that a job never leaves. */
export const endStates: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'stopped', 'lost'])
