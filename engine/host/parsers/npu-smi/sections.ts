/** The keys and values of one block, as text. */
export type Section = Record<string, string>

/**
 * The blocks of `key : value` lines, in order; a new one starts at an empty line or when a key repeats. Lines without a
 * colon say nothing.
 */
export function parseSections(lines: string[]): Section[] {
  const sections: Section[] = []
  let current: Section | null = null
  for (const line of lines) {
    if (line.trim() === '') current = null
    for (const { key, value } of pairsOf(line)) {
      if (!current || Object.hasOwn(current, key)) {
        current = {}
        sections.push(current)
      }
      current[key] = value
    }
  }
  return sections
}

/** Most queries print one pair a line; processes are printed as `Process id:1   Process name:a   Process memory(MB):2`. */
function pairsOf(line: string): Pair[] {
  const chunks = line.trim().split(/\s{2,}|\t+/)
  const isRow = chunks.length > 1 && chunks.every((chunk) => /^[A-Za-z][^:]*:\s?\S/.test(chunk))
  return (isRow ? chunks : [line]).map(splitPair).filter((pair) => pair !== null)
}

interface Pair {
  key: string
  value: string
}

/** `PCIe Bus Info : 0000:0C:00.0`: values may hold colons themselves. */
function splitPair(line: string): Pair | null {
  const pair = /^\s*([A-Za-z][^:]*?)\s*[:：]\s*(.*?)\s*$/.exec(line)
  return pair && !isPrompt(line) ? { key: pair[1] ?? '', value: pair[2] ?? '' } : null
}

/** A shell's prompt with the command that was typed: `[root@host ~]# npu-smi info -t board -i 0`. */
const isPrompt = (line: string): boolean => /[#$]\s*\S*(?:npu-smi|hccn_tool)\b/.test(line)
