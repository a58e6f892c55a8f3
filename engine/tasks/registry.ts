import { expandPath } from '../host/dirs.ts'
import { AppError } from '../protocol/errors/index.ts'
import { taskSpecs, type TaskName, type TaskSpec } from '../protocol/tasks.ts'
import type { Task, TaskContext } from './context.ts'

/** Where each task is; loaded when it is run, so that nothing else pays for it. */
const tasks: { readonly [N in TaskName]: () => Promise<Task<TaskSpec<N>>> } = {
  'checkpoint.create': async () => (await import('../reference/tasks.ts')).createSampleCheckpoint,
  'checkpoint.convert': async () => (await import('../checkpoint/tasks.ts')).convertCheckpoint,
  'checkpoint.verify': async () => (await import('../checkpoint/verify.ts')).verifyCheckpoint,
  'checkpoint.split': async () => (await import('../checkpoint/slice-tasks.ts')).splitCheckpoint,
  'checkpoint.merge': async () => (await import('../checkpoint/slice-tasks.ts')).joinCheckpoint,
  'checkpoint.mergeLora': async () => (await import('../checkpoint/slice-tasks.ts')).mergeMindsporeLora,
  'dataset.conversations': async () => (await import('../dataset/mindformers/tasks.ts')).convertAlpacaTask,
  'dataset.merge': async () => (await import('../dataset/merge/tasks.ts')).mergeDatasetsTask,
  'dataset.mindrecord': async () => (await import('../dataset/mindformers/tasks.ts')).mindRecordDataset,
  'dataset.sample': async () => (await import('../dataset/operations/tasks.ts')).sampleRowsTask,
  'dataset.split': async () => (await import('../dataset/operations/tasks.ts')).splitRowsTask,
  'dataset.deduplicate': async () => (await import('../dataset/operations/tasks.ts')).deduplicateRowsTask,
  'dataset.preprocess': async () => (await import('../dataset/tasks.ts')).preprocessDataset,
  'hub.download': async () => (await import('../hub/tasks.ts')).downloadFromHub,
  'npus.record': async () => (await import('../host/npus/records/recorder.ts')).recordNpus,
  'reference.train': async () => (await import('../reference/tasks.ts')).trainReference,
  'reference.generate': async () => (await import('../reference/tasks.ts')).generateReference,
  'reference.perplexity': async () => (await import('../reference/tasks.ts')).perplexityReference,
}

/** Parses the spec and runs the task. Throws AppError `input.invalid` for a wrong spec, else what the task throws. */
export async function runTask(name: TaskName, spec: unknown, context: TaskContext): Promise<Record<string, unknown>> {
  const parsed = taskSpecs[name].safeParse(spec)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const reason = issue ? `${issue.path.join('.') || 'spec'}: ${issue.message}` : 'unreadable'
    throw new AppError('input.invalid', { subject: name, reason })
  }
  const task = (await tasks[name]()) as Task<unknown>
  return await task(withFullPaths(parsed.data), context)
}

/** The fields of all specs that name something on disk. */
const PATH_FIELDS: ReadonlySet<string> = new Set([
  'against',
  'againstStrategy',
  'checkpoint',
  'dataset',
  'definition',
  'input',
  'merges',
  'output',
  'outputPrefix',
  'sourceStrategy',
  'strategy',
  'tokenizer',
])

/** People write `~/models`; tasks are given full paths. */
const withFullPaths = (spec: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(spec).map(([field, value]) =>
      PATH_FIELDS.has(field) && typeof value === 'string' ? [field, expandPath(value)] : [field, value],
    ),
  )
