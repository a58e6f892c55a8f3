import { z } from 'zod'
import { AlpacaColumns, ShareGptColumns } from '../../protocol/tasks.ts'
import { UsageError } from '../session.ts'

const ALPACA = ['prompt', 'query', 'response', 'history', 'system', 'chosen', 'rejected'] as const
const SHAREGPT = ['messages', 'tags', 'system', 'tools', 'chosen', 'rejected', 'kto_tag'] as const
const TAGS = ['role', 'content', 'user', 'assistant', 'observation', 'function', 'system'] as const

/** None switches a column off, as an empty name does. */
const Columns = z.record(
  z.string(),
  z
    .string()
    .nullable()
    .transform((column) => column ?? ''),
)
const Tags = z.strictObject(Object.fromEntries(TAGS.map((tag) => [`${tag}_tag`, z.string().nullish()])))

/** `--map-keys` of the Alpaca handlers. @throws UsageError in the words of the original */
export function alpacaColumnsOf(json: string | undefined): AlpacaColumns {
  if (json === undefined) return AlpacaColumns.parse({})
  const given = parseObject(json)
  checkKeys(given, ALPACA)
  const columns = Columns.safeParse(given)
  if (!columns.success) throw new UsageError(`--map-keys: ${z.prettifyError(columns.error)}`)
  return AlpacaColumns.parse(columns.data)
}

/**
 * `--map-keys` of the ShareGPT handlers. When tags are given, a tag that is left out is none, not its default.
 * @throws UsageError in the words of the original
 */
export function shareGptColumnsOf(json: string | undefined): ShareGptColumns {
  if (json === undefined) return ShareGptColumns.parse({})
  const { tags, ...rest } = parseObject(json)
  checkKeys({ ...rest, ...(tags === undefined ? {} : { tags }) }, SHAREGPT)
  const columns = Columns.safeParse(rest)
  if (!columns.success) throw new UsageError(`--map-keys: ${z.prettifyError(columns.error)}`)
  if (tags === undefined) return ShareGptColumns.parse(columns.data)
  const named = Tags.safeParse(tags)
  if (!named.success) throw new UsageError(`--map-keys, tags: ${z.prettifyError(named.error)}`)
  const all = Object.fromEntries(TAGS.map((tag) => [tag, named.data[`${tag}_tag`] ?? null]))
  return ShareGptColumns.parse({ ...columns.data, tags: all })
}

function parseObject(json: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(json))
  } catch (cause) {
    throw new UsageError(`argument --map-keys: invalid loads value: '${json}' is not a JSON object`, { cause })
  }
}

function checkKeys(given: Record<string, unknown>, known: readonly string[]): void {
  const keys = Object.keys(given)
  if (keys.length > known.length) throw new UsageError('Please check map_keys')
  const unknown = keys.find((key) => !known.includes(key))
  if (unknown !== undefined) {
    throw new UsageError(` ${unknown} is unvalid, Please check map_keys (known: ${known.join(', ')})`)
  }
}
