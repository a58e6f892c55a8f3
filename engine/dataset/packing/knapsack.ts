/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays in a hot loop; every index is in bounds */

/**
 * Groups of samples whose lengths add up to at most the capacity: each group takes the longest sample that still fits,
 * again and again, until none does. Of samples of equal length the last one goes first. This is the greedy rule of
 * MindSpeed-LLM (and LlamaFactory), so groups and their order are the same.
 * @param lengths of the samples, each from 1 to `capacity`
 * @returns numbers of samples, group by group
 */
export function* packGreedily(lengths: Int32Array, capacity: number): Generator<number[], void, undefined> {
  // Sample numbers sorted by length, those of equal length in order of appearance; `end` moves down as they are taken.
  const start = new Int32Array(capacity + 2)
  for (const length of lengths) start[length + 1]!++
  for (let length = 1; length < start.length; length++) start[length]! += start[length - 1]!
  const end = start.slice(0, capacity + 1)
  const sorted = new Int32Array(lengths.length)
  lengths.forEach((length, sample) => (sorted[end[length]!++] = sample))
  // The largest length at or below each that still has samples; 0 is none.
  const filled = Int32Array.from({ length: capacity + 1 }, (_, length) => length)
  const fit = (room: number): number => {
    let length = room
    while (length > 0 && (filled[length] !== length || end[length] === start[length])) {
      const below = filled[length] === length ? length - 1 : filled[length]!
      filled[length] = filled[below]!
      length = below
    }
    return length
  }
  for (;;) {
    const group: number[] = []
    let room = capacity
    for (let length = fit(room); length > 0; length = fit(room)) {
      group.push(sorted[--end[length]!]!)
      room -= length
    }
    if (group.length === 0) return
    yield group
  }
}
