import { z } from 'zod'
import { Sha256 } from '#engine/protocol/contents.ts'
import { CodedError, HostId } from '#engine/protocol/index.ts'
import { RankTableComposition, RankTableRequest, RankTableSurvey } from '#engine/protocol/rank-tables.ts'
import { call, topic } from '#engine/rpc/topic.ts'

export type {
  DeviceAddress,
  RankTableComposition,
  RankTableFile,
  RankTableRequest,
  RankTableSource,
  RankTableSurvey,
  ServerAddress,
} from '#engine/protocol/rank-tables.ts'

/**
 * One host of a distribution. Before anything is written: `absent` and `same` say what is at the path, `differs` that
 * another file is there. After: `written`. `failed` has an error.
 */
export const RankTablePlace = z.object({
  host: HostId,
  state: z.enum(['absent', 'same', 'differs', 'written', 'failed']),
  /** Of the other file. */
  sha256: Sha256.nullable(),
  error: CodedError.nullable(),
})
export type RankTablePlace = z.infer<typeof RankTablePlace>

export const rankTables = topic('rankTables', {
  /** What the rank table of a host can be made of. */
  survey: call(z.object({ host: HostId }), RankTableSurvey),
  /** The tables of all sources in the order of the nodes, merged and checked. */
  compose: call(RankTableRequest, RankTableComposition),
  /**
   * Puts one file at the same path on all hosts, checked by its digest. Nothing is written anywhere while one host
   * cannot be reached or has a different file whose digest is not in `replace` (by host).
   */
  distribute: call(
    z.object({
      hosts: z.array(HostId).min(1),
      path: z.string().trim().min(1),
      text: z.string().min(1),
      replace: z.record(z.string(), Sha256).default({}),
    }),
    z.object({ isDone: z.boolean(), places: z.array(RankTablePlace) }),
  ),
})
