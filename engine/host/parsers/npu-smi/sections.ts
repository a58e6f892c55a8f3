/** The keys and values of one block, as text. */
export type Section = Record<string, string>

/**
 * The blocks of `key : value` lines, in order; a new one starts at an empty line or when a key repeats. Lines without a
 * colon carry a value on when they follow one, else they say nothing.
 */
export function parseSections(lines: string[]): Section[] {
  const sections: Section[] = []
  let current: Section | null = null
  for (const line of lines) {
    const pair = line.trim() === '' ? null : splitPair(line)
    if (line.trim() === '') current = null
    if (!pair) continue
    if (!current || Object.hasOwn(current, pair.key)) {
      current = {}
      sections.push(current)
    }
    current[pair.key] = pair.value
  }
  return sections
}

/** `Health Status : OK`; the key may be empty on lines that carry on a list. Values may hold colons themselves. */
export function splitPair(line: string): { key: string; value: string } | null {
  const pair = /^\s*([A-Za-z][^:]*?)\s*[:：]\s*(.*?)\s*$/.exec(line)
  return pair && !isPrompt(line) ? { key: pair[1] ?? '', value: pair[2] ?? '' } : null
}

/** A shell's prompt with the command that was typed: `[root@host ~]# npu-smi info -t board -i 0`. */
export const isPrompt = (line: string): boolean => /[#$]\s*\S*(?:npu-smi|hccn_tool)\b/.test(line)
