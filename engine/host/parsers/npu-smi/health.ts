import { cellText } from '../lines.ts'
import type { Parsed } from '../result.ts'

/**
 * `npu-smi info -t health`: the word, the codes, and what they mean. More meanings follow on lines of their own that
 * start with the colon.
 */
export function parseHealth(lines: string[]): Parsed | null {
  const result = {
    kind: 'health',
    health: null as string | null,
    errorCodes: [] as string[],
    errorInformation: [] as string[],
  }
  let isFound = false
  let key = ''
  for (const line of lines) {
    const pair = /^\s*([A-Za-z][^:]*?)?\s*:\s*(.*?)\s*$/.exec(line)
    if (!pair) continue
    key = pair[1] ?? key
    const value = cellText(pair[2] ?? '')
    if (/^(?:Health Status|Health)$/i.test(key)) {
      isFound = true
      result.health = value ?? result.health
    } else if (/^Error Code/i.test(key)) {
      result.errorCodes.push(...(value?.split(/[\s,]+/).filter((code) => /^(?:0x)?[\dA-F]+$/i.test(code)) ?? []))
    } else if (/^Error Information/i.test(key) && value !== null) {
      result.errorInformation.push(value)
    }
  }
  return isFound ? result : null
}
