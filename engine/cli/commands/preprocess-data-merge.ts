import type { MergeRequest } from '../../dataset/merge/merge.ts'
import { runHere } from '../run-task.ts'
import type { Session } from '../session.ts'

const phase = { en: 'Joining datasets', 'zh-CN': '正在合并数据集' }

/** Joins datasets in this process, and says which parts went in. */
export async function mergeHere(session: Session, request: MergeRequest): Promise<void> {
  await runHere(session, async (context) => {
    const { mergeDatasets } = await import('../../dataset/merge/merge.ts')
    const { parts, passport } = await mergeDatasets(request, context.signal, (done, total) =>
      context.progress({ phase, done, total, unit: 'bytes' }),
    )
    for (const [key, stems] of Object.entries(parts)) context.log(`${key}: ${stems.join(', ')}`)
    if (passport !== null) context.artifact({ kind: 'dataset', path: request.outputPrefix, passport })
    return { prefix: request.outputPrefix, parts, passport }
  })
}
