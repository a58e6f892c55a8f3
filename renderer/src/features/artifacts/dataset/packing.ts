/**
 * How many sequences samples of these lengths fill when each takes the longest sample that still fits, until none does:
 * the rule that the packing of MindSpeed-LLM follows.
 * @param capacity at least the longest length
 */
export function packedCount(lengths: readonly number[], capacity: number): number {
  const sorted = lengths.filter((length) => length > 0).sort((a, b) => a - b)
  /** For each place the largest place at or below it that still holds a sample, one higher; 0 is none. */
  const below = Int32Array.from({ length: sorted.length + 1 }, (_, place) => place)
  const find = (place: number): number => {
    let root = place
    while (below[root] !== root) root = below[root] ?? 0
    for (let at = place; below[at] !== root;) {
      const next = below[at] ?? 0
      below[at] = root
      at = next
    }
    return root
  }
  let sequences = 0
  let left = sorted.length
  while (left > 0) {
    let room = capacity
    const before = left
    for (let place = find(countUpTo(sorted, room)); place > 0; place = find(countUpTo(sorted, room))) {
      room -= sorted[place - 1] ?? 0
      below[place] = place - 1
      left--
    }
    if (left === before) return sequences
    sequences++
  }
  return sequences
}

/** How many of sorted lengths are at most `limit`. */
function countUpTo(sorted: readonly number[], limit: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

/** The same when samples are taken in their order, and a sequence ends where the next sample does not fit. */
export function sequentialCount(lengths: readonly number[], capacity: number): number {
  let sequences = 0
  let used = 0
  for (const length of lengths) {
    if (used > 0 && used + length > capacity) {
      sequences++
      used = 0
    }
    used += length
  }
  return used > 0 ? sequences + 1 : sequences
}
