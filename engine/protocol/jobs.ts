import { z } from 'zod'
import { call, state, stream, topic } from '../rpc/topic.ts'
import { CodedError } from './errors/index.ts'
import { JobId } from './ids.ts'
import { Passport } from './passport.ts'
import { ArtifactKind, LogDialect } from './plan.ts'
import { TaskName } from './tasks.ts'
import { Text, Timestamp } from './text.ts'

export const JobSpec = z.object({
  /** Chosen by the submitter: submitting the same id again changes nothing, so a lost reply is harmless. */
  id: JobId,
  title: Text,
  run: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('task'), task: TaskName, spec: z.unknown() }),
    z.object({ kind: z.literal('script'), script: z.string(), dialect: LogDialect.default('plain') }),
  ]),
  /** Written before the start; absolute paths. */
  files: z.array(z.object({ path: z.string(), content: z.string() })).default([]),
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().optional(),
  /** Free marks of the submitter (run id, step id); returned unchanged. */
  labels: z.record(z.string(), z.string()).default({}),
})
export type JobSpec = z.infer<typeof JobSpec>

/** `lost`: it was running, and the host was restarted or the process vanished without leaving an exit status. */
export const JobState = z.enum(['starting', 'running', 'stopping', 'succeeded', 'failed', 'stopped', 'lost'])
export type JobState = z.infer<typeof JobState>

export const ProgressUnit = z.enum(['bytes', 'rows', 'steps', 'tensors', 'files', 'tokens'])

export const Progress = z.object({
  phase: Text.optional(),
  done: z.number().nonnegative(),
  total: z.number().nonnegative(),
  unit: ProgressUnit,
  /** Units per second, smoothed. */
  rate: z.number().nonnegative().optional(),
  etaMs: z.number().nonnegative().optional(),
  /** What the same work comes to in other units, so far and per second. */
  also: z
    .array(z.object({ unit: ProgressUnit, done: z.number().nonnegative(), rate: z.number().nonnegative().optional() }))
    .optional(),
})
export type Progress = z.infer<typeof Progress>

const entryBase = { n: z.number().int().positive(), t: z.string() }

/** One line of `journal.ndjson`. Numbers start at 1 and have no gaps. */
export const JournalEntry = z.discriminatedUnion('kind', [
  z.object({
    ...entryBase,
    kind: z.literal('state'),
    state: JobState,
    exitCode: z.number().int().nullable().optional(),
    signal: z.string().nullable().optional(),
  }),
  z.object({ ...entryBase, kind: z.literal('progress'), progress: Progress }),
  z.object({ ...entryBase, kind: z.literal('metric'), step: z.number(), values: z.record(z.string(), z.number()) }),
  z.object({
    ...entryBase,
    kind: z.literal('artifact'),
    artifact: z.object({ kind: ArtifactKind, path: z.string(), passport: Passport.optional() }),
  }),
  z.object({ ...entryBase, kind: z.literal('error'), error: CodedError }),
])
export type JournalEntry = z.infer<typeof JournalEntry>
/** Distributes over the union, which plain Omit does not. */
export type JournalEntryBody = JournalEntry extends infer E ? (E extends unknown ? Omit<E, 'n' | 't'> : never) : never

export const JobView = z.object({
  id: JobId,
  title: Text,
  state: JobState,
  task: TaskName.optional(),
  labels: z.record(z.string(), z.string()),
  folder: z.string(),
  submittedAt: Timestamp,
  /** The start of the host in which it was submitted. */
  bootId: z.string().optional(),
  startedAt: Timestamp.optional(),
  endedAt: Timestamp.optional(),
  exitCode: z.number().int().nullable().optional(),
  signal: z.string().nullable().optional(),
  error: CodedError.optional(),
  progress: Progress.optional(),
  outputBytes: z.number().int().nonnegative(),
  lastEntry: z.number().int().nonnegative(),
})
export type JobView = z.infer<typeof JobView>

export const JobDelta = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('changed'), job: JobView }),
  z.object({ kind: z.literal('removed'), id: JobId }),
])
export type JobDelta = z.infer<typeof JobDelta>

/** Bytes of `output.log` from `offset` on, base64; a chunk holds at most 64 KiB. */
export const OutputChunk = z.object({ offset: z.number().int().nonnegative(), data: z.string() })
export type OutputChunk = z.infer<typeof OutputChunk>

export const jobs = topic('jobs', {
  submit: call(JobSpec, JobView),
  list: call(z.object({}), z.array(JobView)),
  get: call(z.object({ id: JobId }), JobView),
  /** TERM to the whole process group, then KILL after the grace. Resolves when the job has ended. */
  stop: call(z.object({ id: JobId, graceMs: z.number().int().nonnegative().max(600_000).default(10_000) }), JobView),
  /** Deletes the folder of a job that has ended. */
  remove: call(z.object({ id: JobId }), z.object({})),
  watch: state(z.object({}), z.array(JobView), JobDelta),
  /** From a byte offset; follows a running job and ends with it (all bytes first). */
  output: stream(z.object({ id: JobId, from: z.number().int().nonnegative() }), OutputChunk),
  /** From an entry number (1 is the first); follows a running job and ends with it. */
  journal: stream(z.object({ id: JobId, from: z.number().int().positive() }), z.array(JournalEntry)),
})
