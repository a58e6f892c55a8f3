import path from 'node:path'
import type { MergeDatasetsSpec } from '../../protocol/dataset-merge-tasks.ts'
import type { Task } from '../../tasks/context.ts'
import { mergeDatasets } from './merge.ts'

const phase = { en: 'Joining datasets', 'zh-CN': '正在合并数据集' }

/** The task `dataset.merge`: the Megatron datasets of a folder as one, with a passport where they were made alike. */
export const mergeDatasetsTask: Task<MergeDatasetsSpec> = async ({ input, keys, outputPrefix }, context) => {
  const prefix = path.resolve(outputPrefix)
  const { parts, passport } = await mergeDatasets(
    { folder: input, keys, outputPrefix: prefix },
    context.signal,
    (done, total) => context.progress({ phase, done, total, unit: 'bytes' }),
  )
  for (const [key, stems] of Object.entries(parts)) context.log(`${key}: ${stems.join(', ')}`)
  if (passport === null) context.log('The parts were not made alike or have no passports, so the result has none.')
  else context.artifact({ kind: 'dataset', path: prefix, passport })
  return { prefix, parts, passport }
}
