import { cellNumber } from '../lines.ts'
import { firstOf, type Parser } from '../result.ts'
import { parseLinkStat, parseOptical } from './link.ts'

const ADDRESS = /[\d.]+|[\da-f:]*:[\da-f:]+/i

/** One answer of hccn_tool to one query about one device. */
export const parseHccnAnswer: Parser = (lines, locale) => firstOf(ANSWERS, lines, locale)

/** The value of the first line `key: value` whose key fits. */
function valueOf(lines: string[], key: RegExp): string | undefined {
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0 && key.test(line.slice(0, colon).trim())) return line.slice(colon + 1).trim()
  }
  return undefined
}

const parseIp: Parser = (lines) => {
  const ip = valueOf(lines, /ip ?addr(?:ess)?$/i)
  const netmask = valueOf(lines, /netmask$/i)
  if (ip === undefined && netmask === undefined) return null
  return { ip: ADDRESS.exec(ip ?? '')?.[0] ?? null, ...(netmask === undefined ? {} : { netmask }) }
}

const parseRoute: Parser = (lines) => {
  if (!lines.some((line) => /^\s*Routing table|^\s*Destination\s+Gateway/i.test(line))) return null
  const rows = lines.map((line) => line.trim().split(/\s+/))
  const way = rows.find((words) => words.length >= 3 && (words[0] === 'default' || words[0] === '0.0.0.0'))
  return { defaultGateway: way?.[1] ?? null, iface: way?.at(-1) ?? null }
}

const parseGateway: Parser = (lines) => {
  const line = lines.find((text) => /\bgateway\s*:/i.test(text))
  if (line === undefined) return null
  const iface = /\biface\s*:\s*(\S+)/i.exec(line)?.[1]
  return { defaultGateway: /gateway\s*:\s*([\d.]+)/i.exec(line)?.[1] ?? null, iface: iface ?? null }
}

const parsePing: Parser = (lines) => {
  const head = lines.map((line) => /device\s+(\d+)\s+PING\s+(\S+)/i.exec(line)).find((found) => found !== null)
  const sum = lines
    .map((line) => /(\d+) packets transmitted, (\d+) received,\s*([\d.]+)% packet loss/i.exec(line))
    .find((found) => found !== null)
  if (!head && !sum) return null
  const times = lines.flatMap((line) => /time=([\d.]+)\s*ms/i.exec(line)?.[1] ?? [])
  return {
    device: cellNumber(head?.[1]),
    target: head?.[2] ?? null,
    sent: cellNumber(sum?.[1]),
    received: cellNumber(sum?.[2]),
    lossPct: cellNumber(sum?.[3]),
    timesMs: times.map(Number),
  }
}

const parseLink: Parser = (lines) => {
  const status = valueOf(lines, /^(?:\[.*\]\s*)?(?:\w+ )?link status$/i)
  return status === undefined ? null : { link: status.toUpperCase() }
}

const parseNetHealth: Parser = (lines) => {
  const status = valueOf(lines, /net[ _]health(?: status)?$/i)
  return status === undefined ? null : { netHealth: status, ok: /^success$/i.test(status) }
}

const parseFec: Parser = (lines) => {
  const mode = valueOf(lines, /^fec mode$/i)
  return mode === undefined ? null : { fec: mode.replace(/\s*FEC mode$/i, '') }
}

const parseNetdetect: Parser = (lines) => {
  const address = valueOf(lines, /net ?detect(?: ip)?(?: address)?$/i)
  return address === undefined ? null : { netdetect: ADDRESS.exec(address)?.[0] ?? null }
}

const parseTls: Parser = (lines) => {
  const line = lines.find((text) => /\btls switch\s*\[/i.test(text))
  if (line === undefined) return null
  const device = /\bdev(?:ice)?[_ ]?id\s*:?\s*(\d+)/i.exec(line)?.[1]
  return { device: cellNumber(device), tls: /tls switch\s*\[\s*1/i.test(line) ? 'enable' : 'disable' }
}

const parseMac: Parser = (lines) => {
  const mac = valueOf(lines, /^mac addr(?:ess)?$/i)
  return mac === undefined ? null : { mac }
}

const parseSpeed: Parser = (lines) => {
  const speed = valueOf(lines, /^speed$/i)
  return speed === undefined ? null : { speedMbps: cellNumber(/\d+/.exec(speed)?.[0]) }
}

const parseStatistics: Parser = (lines) => {
  if (!lines.some((line) => /packet statistics|^\s*(?:mac|roce)_\w+\s*:\s*\d+/i.test(line))) return null
  const counters = lines.flatMap((line) => {
    const found = /^\s*(\w+)\s*:\s*(\d+)\s*$/.exec(line)
    return found ? [[found[1] ?? '', Number(found[2])] as const] : []
  })
  return { counters: Object.fromEntries(counters) }
}

const parseFailure: Parser = (lines) => {
  const message = lines.find((line) =>
    /hccn tool is busy|not exist|is error|cmd execut\w* fail|command not found|permission denied|invalid/i.test(line),
  )
  return message === undefined ? null : { error: 'HCCN_TOOL_FAILED', message: message.trim() }
}

const ANSWERS: readonly Parser[] = [
  parseOptical,
  parseLinkStat,
  parsePing,
  parseRoute,
  parseTls,
  parseNetHealth,
  parseLink,
  parseFec,
  parseIp,
  parseGateway,
  parseNetdetect,
  parseMac,
  parseSpeed,
  parseStatistics,
  parseFailure,
]
