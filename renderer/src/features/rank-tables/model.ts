import { HostId } from '#engine/protocol/index.ts'
import type { DeviceAddress, RankTableSource, RankTableSurvey } from '#contract/index.ts'
import { z } from 'zod'

/** One node of the cluster: a host whose table is made, or a table that was made elsewhere. */
export const TableNode = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('host'),
    host: HostId,
    /** Null takes the address that was found. */
    serverIp: z.string().nullable(),
    /** Numbers of the devices that are used; null takes all. */
    devices: z.array(z.number()).nullable(),
  }),
  z.object({ kind: z.literal('text'), label: z.string(), text: z.string() }),
])
export type TableNode = z.infer<typeof TableNode>
export type HostNode = TableNode & { kind: 'host' }

/** What the page remembers: the nodes in their order, and where the table goes; null proposes a path. */
export const TableDraft = z.object({ nodes: z.array(TableNode), path: z.string().nullable() })
export type TableDraft = z.infer<typeof TableDraft>

export const keyOf = (node: TableNode): string => (node.kind === 'host' ? `host:${node.host}` : `text:${node.label}`)

/** The list with the element at `from` at the place `to`. */
export const moved = <T>(list: readonly T[], from: number, to: number): T[] => {
  const item = list[from]
  return item === undefined || to < 0 || to >= list.length ? [...list] : list.toSpliced(from, 1).toSpliced(to, 0, item)
}

/**
 * The address that a host is most likely reached by: the first one that no other node has as well, as bridges of
 * containers have the same address everywhere. Empty where none was found.
 */
export function likelyAddress(survey: RankTableSurvey, others: readonly RankTableSurvey[]): string {
  const taken = new Set(others.flatMap(({ addresses }) => addresses.map(({ address }) => address)))
  const own = survey.addresses.find(({ address }) => !taken.has(address))
  return (own ?? survey.addresses[0])?.address ?? ''
}

export const chosenDevices = ({ devices }: HostNode, survey: RankTableSurvey): DeviceAddress[] =>
  survey.devices.filter(({ device }) => devices === null || devices.includes(device))

/** All nodes as sources; null while one of the hosts has not told its devices. */
export function sourcesOf(
  nodes: readonly TableNode[],
  surveyOf: (host: HostId) => RankTableSurvey | null,
  nameOf: (host: HostId) => string,
): RankTableSource[] | null {
  const sources: RankTableSource[] = []
  for (const node of nodes) {
    if (node.kind === 'text') {
      sources.push({ kind: 'text', label: node.label, text: node.text })
      continue
    }
    const survey = surveyOf(node.host)
    if (survey === null) return null
    const serverIp = node.serverIp ?? likelyAddress(survey, othersOf(node, nodes, surveyOf))
    sources.push({ kind: 'host', label: nameOf(node.host), serverIp, devices: chosenDevices(node, survey) })
  }
  return sources
}

/** What is known of the other hosts in the list. */
export const othersOf = (
  node: HostNode,
  nodes: readonly TableNode[],
  surveyOf: (host: HostId) => RankTableSurvey | null,
): RankTableSurvey[] =>
  nodes.flatMap((other) => (other.kind === 'host' && other.host !== node.host ? (surveyOf(other.host) ?? []) : []))

/** A label that no node has yet: `name`, `name (2)` … */
export function freeLabel(name: string, nodes: readonly TableNode[]): string {
  const taken = new Set(nodes.flatMap((node) => (node.kind === 'text' ? [node.label] : [])))
  let label = name
  for (let count = 2; taken.has(label); count++) label = `${name} (${count})`
  return label
}

/** The line for a shell that names the table; a leading `~` becomes a home folder that any shell fills in. */
export function exportLine(path: string): string {
  const quoted = (text: string): string =>
    /^[\w./:+@-]*$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
  const value = path.startsWith('~/') ? `"$HOME"/${quoted(path.slice(2))}` : quoted(path)
  return `export RANK_TABLE_FILE=${value}`
}
