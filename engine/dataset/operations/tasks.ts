import path from 'node:path'
import type { DeduplicateRowsSpec, SampleRowsSpec, SplitRowsSpec } from '../../protocol/dataset-operations-tasks.ts'
import type { Text } from '../../protocol/text.ts'
import type { Task, TaskContext } from '../../tasks/context.ts'
import { rejectedPath } from '../indexed/format.ts'
import { deduplicateRows } from './deduplicate.ts'
import { sampleRows, splitRows, type OperationHooks } from './divide.ts'
import type { RowsPassport } from './row-files.ts'

/** The task `dataset.sample`. */
export const sampleRowsTask: Task<SampleRowsSpec> = async (spec, context) =>
  report(spec.output, await sampleRows(spec, hooksOf(context, { en: 'Taking rows', 'zh-CN': '正在抽取数据' })), context)

/** The task `dataset.split`. */
export const splitRowsTask: Task<SplitRowsSpec> = async (spec, context) =>
  report(
    spec.outputPrefix,
    await splitRows(spec, hooksOf(context, { en: 'Dividing rows', 'zh-CN': '正在划分数据' })),
    context,
  )

/** The task `dataset.deduplicate`. */
export const deduplicateRowsTask: Task<DeduplicateRowsSpec> = async (spec, context) => {
  const hooks = hooksOf(context, { en: 'Looking for equal rows', 'zh-CN': '正在查找重复数据' })
  const passport = await deduplicateRows(spec, hooks)
  context.log(`${passport.duplicates} rows are equal to an earlier one`)
  return report(spec.output, passport, context)
}

const hooksOf = (context: TaskContext, phase: Text): OperationHooks => ({
  signal: context.signal,
  advance(done, total) {
    context.progress({ phase, done, total, unit: 'bytes' })
  },
})

function report(prefix: string, passport: RowsPassport, context: TaskContext): Record<string, unknown> {
  context.log(`${passport.rows} rows read from ${passport.source.path}`)
  const folder = path.dirname(path.resolve(prefix))
  for (const [name, rows] of Object.entries(passport.written)) context.log(`${path.join(folder, name)}: ${rows} rows`)
  const rejected = Object.entries(passport.rejected)
  for (const [reason, count] of rejected) context.log(`Set aside: ${count} rows (${reason})`)
  if (rejected.length > 0) context.log(`They are in ${rejectedPath(path.resolve(prefix))}`)
  return { prefix: path.resolve(prefix), passport }
}
