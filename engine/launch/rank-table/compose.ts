import { AppError, toCodedError } from '../../protocol/errors/index.ts'
import type { RankTableComposition, RankTableRequest, RankTableSource } from '../../protocol/rank-tables.ts'
import { buildRankTable, rankTableName } from './generate.ts'
import { mergedTableName, mergeRankTables } from './merge.ts'
import { formatRankTable, type RankTable, readRankTable } from './rank-table.ts'
import { checkRankTable, type ServerContext } from './validate.ts'

interface Made {
  readonly label: string
  readonly name: string
  readonly table: RankTable
  readonly context: readonly ServerContext[]
}

/**
 * The table of each source as the drop-ins write it, and all of them merged in their order, with what is wrong. A text
 * that cannot be read is told at its place; nothing is merged then.
 */
export function composeRankTables({ sources, hosts = [] }: RankTableRequest): RankTableComposition {
  const results = sources.map((source) => {
    try {
      return make(source)
    } catch (error) {
      if (error instanceof AppError) return { label: source.label, error }
      throw error
    }
  })
  const made = results.filter((result) => 'table' in result)
  const tables = results.map((result) =>
    'table' in result
      ? { label: result.label, file: fileOf(result), error: null, ranks: ranksOf(result.table) }
      : { label: result.label, file: null, error: toCodedError(result.error), ranks: 0 },
  )
  if (made.length === 0 || made.length < results.length) return { tables, merged: null, findings: [] }
  const table = mergeRankTables(made.map((one) => one.table))
  // A table of one source keeps its name: nothing is merged.
  const name = made.length === 1 ? (made[0]?.name ?? '') : mergedTableName(table)
  const merged = {
    ...fileOf({ name, table }),
    servers: table.server_list.length,
    ranks: ranksOf(table),
  }
  const context = made.flatMap((one) => one.context)
  return { tables, merged, findings: checkRankTable(table, context, hosts) }
}

function make(source: RankTableSource): Made {
  const { label } = source
  if (source.kind === 'text') {
    const table = readRankTable(source.text, label)
    const isOfOne = table.server_list.length === 1
    const context = table.server_list.map(() => ({ name: isOfOne ? label : null, networks: new Map() }))
    return { label, name: /[^/\\]+$/.exec(label)?.[0] ?? label, table, context }
  }
  const { serverIp, devices } = source
  const table = buildRankTable({ serverIp, devices: devices.map(({ device, ip }) => ({ physical: device, ip })) })
  const networks = new Map(
    devices.map(({ device, netmask, gateway }) => [String(device), { netmask, gateway }] as const),
  )
  const numbers = devices.map(({ device }) => device)
  return { label, name: rankTableName(serverIp, numbers), table, context: [{ name: label, networks }] }
}

const fileOf = ({ name, table }: Pick<Made, 'name' | 'table'>) => ({ name, text: formatRankTable(table) })

const ranksOf = (table: RankTable): number => table.server_list.reduce((sum, { device }) => sum + device.length, 0)
