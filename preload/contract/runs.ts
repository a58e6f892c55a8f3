import { z } from 'zod'
import {
  ArtifactId,
  CodedError,
  FormValues,
  HostId,
  JobState,
  JournalEntry,
  OutputChunk,
  Plan,
  Progress,
  RunId,
  Text,
  Timestamp,
} from '#engine/protocol/index.ts'
import { call, state, stream, topic } from '#engine/rpc/topic.ts'

/** What a plan is made from; also all that is needed to make it again. */
export const PlanRequest = z.object({
  family: z.string(),
  panel: z.string(),
  host: HostId,
  values: FormValues,
})
export type PlanRequest = z.infer<typeof PlanRequest>

/** Marks a run as one step of a guided tour. */
export const RunOrigin = z.object({ tour: z.string(), step: z.string() })
export type RunOrigin = z.infer<typeof RunOrigin>

export const plans = topic('plans', {
  /** Form errors, too, come back as findings of the plan; it never fails for a wrong value. */
  preview: call(PlanRequest, Plan),
  /** The plan as a shell script that runs without the workbench, where its steps allow; tasks become `awb` commands. */
  script: call(PlanRequest, z.object({ script: z.string() })),
})

/**
 * `waiting` steps start after the ones before; `skipped` ones will not run because an earlier one did not succeed;
 * `restart` ones go on once their host was restarted.
 */
export const StepState = z.enum(['waiting', 'skipped', 'restart', ...JobState.options])
export type StepState = z.infer<typeof StepState>

export const StepView = z.object({
  id: z.string(),
  title: Text,
  kind: z.enum(['task', 'script']),
  state: StepState,
  /** How often it was started, where that is more than once: it asked for a restart of the host before. */
  attempt: z.number().int().positive().optional(),
  startedAt: Timestamp.optional(),
  endedAt: Timestamp.optional(),
  exitCode: z.number().int().nullable().optional(),
  error: CodedError.optional(),
  progress: Progress.optional(),
  outputBytes: z.number().int().nonnegative(),
  /** The job's folder on the host. */
  folder: z.string().optional(),
})
export type StepView = z.infer<typeof StepView>

/** `restart`: it waits for a restart of its host, and goes on by itself afterwards. */
export const RunState = z.enum(['running', 'stopping', 'restart', 'succeeded', 'failed', 'stopped', 'lost'])
export type RunState = z.infer<typeof RunState>

export const RunView = z.object({
  id: RunId,
  /** Counts up from 1, for people. */
  number: z.number().int().positive(),
  title: Text,
  request: PlanRequest,
  plan: Plan,
  origin: RunOrigin.optional(),
  state: RunState,
  createdAt: Timestamp,
  endedAt: Timestamp.optional(),
  steps: z.array(StepView),
  /** Artifacts that it left so far. */
  artifacts: z.array(ArtifactId),
  /** The host cannot be reached: what is shown is the last known state, of this time. */
  staleSince: Timestamp.optional(),
})
export type RunView = z.infer<typeof RunView>

export const RunDelta = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('changed'), run: RunView }),
  z.object({ kind: z.literal('removed'), id: RunId }),
])
export type RunDelta = z.infer<typeof RunDelta>

export const MetricPoint = z.object({ step: z.number(), values: z.record(z.string(), z.number()) })
export type MetricPoint = z.infer<typeof MetricPoint>

export const runs = topic('runs', {
  start: call(PlanRequest.extend({ origin: RunOrigin.optional() }), RunView),
  get: call(z.object({ id: RunId }), RunView),
  stop: call(z.object({ id: RunId, graceMs: z.number().int().nonnegative().default(10_000) }), z.object({})),
  /** Restarts the host of a run that waits for it. Everything that runs there ends. */
  restartHost: call(z.object({ id: RunId }), z.object({})),
  /** Starts a new run with the same request. */
  rerun: call(z.object({ id: RunId }), RunView),
  /** Deletes an ended run with its job folders; its artifacts stay. */
  remove: call(z.object({ id: RunId }), z.object({})),
  watch: state(z.object({}), z.array(RunView), RunDelta),
  /** Output bytes of one step from an offset; follows while the step runs. Survives a lost engine by itself. */
  output: stream(z.object({ id: RunId, step: z.string(), from: z.number().int().nonnegative() }), OutputChunk),
  /** Journal of one step from an entry number; follows while the step runs. */
  journal: stream(z.object({ id: RunId, step: z.string(), from: z.number().int().positive() }), z.array(JournalEntry)),
  /** Metrics of one step, thinned to at most `points` per series. Kept after the run. */
  metrics: call(
    z.object({ id: RunId, step: z.string(), points: z.number().int().positive().max(5000) }),
    z.array(MetricPoint),
  ),
  exportScript: call(z.object({ id: RunId }), z.object({ script: z.string() })),
})
