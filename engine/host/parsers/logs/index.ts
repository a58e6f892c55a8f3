import type { Locale } from '../../../protocol/text.ts'
import { type Parsed, say } from '../result.ts'
import { deviceRules } from './device-rules.ts'
import { frameworkRules } from './framework-rules.ts'
import { hcclRules } from './hccl-rules.ts'
import { hostRules } from './host-rules.ts'
import { parseProgress } from './progress.ts'
import type { LogCategory } from './rule.ts'

/**
 * In the order of what tells most: host and HCCL know why, the card's codes know where, and the frameworks' own codes
 * are what is left.
 */
const RULES = [...hostRules, ...hcclRules, ...deviceRules, ...frameworkRules]

/** What a piece of a training log comes to: the most telling code with cause and remedy, or the steps of a good run. */
export function parseLog(lines: string[], locale: Locale): Parsed | null {
  const log = lines.join('\n')
  const found = RULES.find(({ pattern }) => pattern.test(log))
  const oom = found?.code === 'NPU_OOM' ? readOom(log) : null
  if (found) {
    const { code, category, cause, remedy } = found
    return { code, category, cause: say(cause, locale), remedy: say(remedy, locale), ...(oom ? { oom } : {}) }
  }
  const other = otherCode(log)
  if (other) return { ...other, cause: null, remedy: null }
  const metrics = parseProgress(lines)
  return metrics.length === 0 ? null : { code: null, category: 'progress', cause: null, remedy: null, metrics }
}

/** Codes without a text of ours: torch_npu's `ERR` + module + kind, CANN's letters and numbers, numbers of a call. */
function otherCode(log: string): { code: string; category: LogCategory } | null {
  const framework = /\bERR0\d{4}\b/.exec(log)?.[0]
  if (framework !== undefined) return { code: framework, category: 'framework' }
  const cann = /\b(E[A-Z]\d{4}|E[1-9]\d{4})\b/.exec(log)?.[0]
  if (cann !== undefined) return { code: cann, category: cann.startsWith('EI') ? 'hccl-link' : 'operator' }
  const call = /error code is (\d{6})\b|\bret(?:code)?[:= [(]+([15]0\d{4})\b/.exec(log)
  const code = call?.[1] ?? call?.[2]
  return code === undefined ? null : { code, category: code.startsWith('107') ? 'framework' : 'operator' }
}

const GIB: Readonly<Record<string, number>> = { KiB: 2 ** -20, MiB: 2 ** -10, GiB: 1 }

/** The amounts of `NPU out of memory. Tried to allocate …`. It is fragmented where what is asked for lies reserved. */
function readOom(log: string): Parsed {
  const amount = (pattern: RegExp): number | null => {
    const found = pattern.exec(log)
    return found ? Number(found[1]) * (GIB[found[2] ?? ''] ?? 1) : null
  }
  const requestGiB = amount(/Tried to allocate ([\d.]+) ([KMG]iB)/)
  const allocated = amount(/([\d.]+) ([KMG]iB) already allocated/)
  const reserved = amount(/([\d.]+) ([KMG]iB) reserved in total/)
  const npu = /\(NPU (\d+);/.exec(log)?.[1]
  const isKnown = requestGiB !== null && allocated !== null && reserved !== null
  return {
    npu: npu === undefined ? null : Number(npu),
    requestMiB: requestGiB === null ? null : Math.round(requestGiB * 1024 * 100) / 100,
    totalGiB: amount(/([\d.]+) ([KMG]iB) total capacity/),
    allocatedGiB: allocated,
    reservedGiB: reserved,
    fragmented: isKnown ? reserved - allocated > requestGiB : null,
  }
}
