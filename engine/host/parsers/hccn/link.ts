import { cellNumber } from '../lines.ts'
import type { Parser } from '../result.ts'

/** `-link_stat -g`: how often the link changed; the newest record stands first. */
export const parseLinkStat: Parser = (lines) => {
  const text = lines.join('\n')
  if (!/link (?:up|down) count|link change records/i.test(text)) return null
  const changes = [...text.matchAll(/\bLINK (UP|DOWN)\b/g)].map(([, state]) => state)
  const downs = /link down count\s*:\s*(\d+)/i.exec(text)?.[1]
  return {
    device: cellNumber(/\[?dev(?:ice)?[ _]?id\s*:?\s*(\d+)/i.exec(text)?.[1]),
    linkUpCount: cellNumber(/link up count\s*:\s*(\d+)/i.exec(text)?.[1]),
    ...(downs === undefined ? {} : { linkDownCount: Number(downs) }),
    lastState: changes[0] ?? null,
    changes: changes.length,
  }
}

/** `-optical -g`: the module, the light received on each lane, and the lanes that get too little. */
export const parseOptical: Parser = (lines) => {
  const fields = new Map<string, string>()
  for (const line of lines) {
    const found = /^\s*([^:]+?)\s*:\s*(.*?)\s*$/.exec(line)
    if (found) fields.set((found[1] ?? '').toLowerCase(), found[2] ?? '')
  }
  const isOptical = fields.has('optical info') || fields.has('rx los flag') || fields.has('rx power0')
  if (!isOptical) return null
  const number = (key: string) => cellNumber(/[-+]?\d+(?:\.\d+)?/.exec(fields.get(key) ?? '')?.[0])
  const lanes = [...fields.keys()].filter((key) => /^rx power\d+$/.test(key))
  const rxPowerMw = lanes.map(number)
  const lowest = number('rxpower low thres')
  return {
    present: fields.get('present') ?? null,
    temperatureC: number('temperature'),
    rxLosFlag: fields.get('rx los flag') ?? null,
    rxLolFlag: fields.get('rx lol flag') ?? null,
    rxPowerMw,
    rxPowerLowThresMw: lowest,
    laneBelowThreshold: rxPowerMw.flatMap((power, lane) =>
      power !== null && lowest !== null && power < lowest ? [lane] : [],
    ),
  }
}
