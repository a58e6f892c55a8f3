import type { HostFacts } from '#engine/protocol/host.ts'

/** How many NPUs the servers of the guides have; what a plan shows for a host whose nodes are not known. */
const usualCount = 8

/** The numbers of a list like `0,2-4`, ascending and each once; null where it is not such a list. */
export function parseNumbers(list: string): number[] | null {
  const numbers = new Set<number>()
  for (const part of list.split(',')) {
    const range = /^\s*(\d{1,5})\s*(?:-\s*(\d{1,5})\s*)?$/.exec(part)
    if (!range) return null
    const first = Number(range[1])
    const last = Number(range[2] ?? range[1])
    if (last < first || last - first > 1023) return null
    for (let number = first; number <= last; number++) numbers.add(number)
  }
  return [...numbers].sort((a, b) => a - b)
}

/** The numbers of the host's device nodes; they may start at 1 or have gaps. */
export const hostNumbers = ({ npus }: HostFacts): number[] =>
  npus.flatMap(({ name }) => (/^davinci\d+$/.test(name) ? [Number(name.slice('davinci'.length))] : []))

/** The device nodes a container gets, null where the list cannot be read. */
export function chosenNumbers(npus: 'all' | 'list' | 'none', list: string, facts: HostFacts): number[] | null {
  if (npus === 'none') return []
  if (npus === 'list') return parseNumbers(list)
  const known = hostNumbers(facts)
  return known.length > 0 ? known : Array.from({ length: usualCount }, (_, index) => index)
}

/** Numbers as ASCEND_VISIBLE_DEVICES takes them: `0,2-4`. */
export function rangesOf(numbers: readonly number[]): string {
  const ranges: [first: number, last: number][] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last && last[1] === number - 1) last[1] = number
    else ranges.push([number, number])
  }
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',')
}
