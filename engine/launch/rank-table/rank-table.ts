import { z } from 'zod'
import { AppError } from '../../protocol/errors/index.ts'

/** Numbers are text in the format; older hands wrote plain numbers, which are taken as text. */
const Word = z.union([z.string(), z.number().transform(String)])

export const RankDevice = z.looseObject({ device_id: Word, device_ip: Word.optional(), rank_id: Word })
export const RankServer = z.looseObject({ server_id: Word, device: z.array(RankDevice) })

/**
 * A RANK_TABLE_FILE of HCCL: version 1.0, or 1.2 with super pods (A3). Keys that are not named here are kept, in
 * order: the frameworks read files of each other.
 */
export const RankTable = z.looseObject({
  version: Word.optional(),
  server_count: Word.optional(),
  server_list: z.array(RankServer),
  status: z.string().optional(),
})
export type RankTable = z.infer<typeof RankTable>

/** Reads a rank table. Throws `host.rankTableUnreadable` with the place that is wrong. */
export function readRankTable(text: string, path: string): RankTable {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new AppError('host.rankTableUnreadable', { path, reason }, { cause: error })
  }
  const parsed = RankTable.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const reason = `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not an object'}`
  throw new AppError('host.rankTableUnreadable', { path, reason })
}

/** As Python's `json.dump(table, file, indent=4)` writes it: four blanks, ASCII only, no newline at the end. */
export const formatRankTable = (table: RankTable): string =>
  JSON.stringify(table, null, 4).replaceAll(
    /[\u007f-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
