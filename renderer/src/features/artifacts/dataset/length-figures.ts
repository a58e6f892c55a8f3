import type { LengthRule } from '#engine/protocol/index.ts'
import { packedCount, sequentialCount } from './packing.ts'

/** What a sequence length makes of samples. Shares are 0 to 1. */
export interface LengthFigures {
  readonly total: number
  /** Samples that are left out. */
  readonly dropped: number
  /** Samples that lose their end. */
  readonly cut: number
  /** Tokens that are left out or cut off. */
  readonly lost: number
  /** Sequences that come out. */
  readonly sequences: number
  /** Places in them that hold no token. */
  readonly padding: number
  /** Samples per sequence, where samples are joined or could be; null where they run through. */
  readonly packed: { readonly perSequence: number; readonly filled: number } | null
  /** Kept tokens that are trained; null where that is not known. */
  readonly trained: number | null
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0)
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/**
 * The figures of samples of these lengths at a sequence length.
 * @param trained trained tokens per sample, in the order of `lengths`; of a cut sample its share counts
 */
export function lengthFigures(
  lengths: readonly number[],
  trained: readonly number[],
  rule: LengthRule,
  limit: number,
): LengthFigures {
  const room = Math.max(0, limit + rule.room)
  const width = Math.max(1, limit + rule.width)
  const total = sum(lengths)
  const isTrainedKnown = trained.length === lengths.length
  if (rule.kind === 'stream') {
    const sequences = Math.floor(total / width)
    return {
      total: lengths.length,
      dropped: 0,
      cut: 0,
      lost: share(total - sequences * width, total),
      sequences,
      padding: 0,
      packed: null,
      trained: isTrainedKnown ? share(sum(trained), total) : null,
    }
  }
  const isCut = rule.kind === 'cut'
  const long = lengths.filter((length) => length > room)
  const kept = isCut ? lengths.map((length) => Math.min(length, room)) : lengths.filter((length) => length <= room)
  const tokens = sum(kept)
  const sequences = rule.kind === 'pack' ? countPacked(kept, rule, room) : kept.length
  return {
    total: lengths.length,
    dropped: isCut ? 0 : long.length,
    cut: isCut ? long.length : 0,
    lost: share(total - tokens, total),
    sequences,
    padding: sequences === 0 ? 0 : Math.max(0, 1 - tokens / (sequences * width)),
    packed: packing(kept, rule, room, width),
    trained: isTrainedKnown ? share(trainedOf(lengths, trained, room, isCut), tokens) : null,
  }
}

/** Megatron packs by the longest that fits, with one place free; MindFormers one sample after the other. */
const countPacked = (kept: readonly number[], rule: LengthRule, room: number): number =>
  rule.room < 0 ? packedCount(kept, room) : sequentialCount(kept, room)

function packing(kept: readonly number[], rule: LengthRule, room: number, width: number): LengthFigures['packed'] {
  const count = countPacked(kept, rule, room)
  return count === 0 ? null : { perSequence: kept.length / count, filled: Math.min(1, sum(kept) / (count * width)) }
}

function trainedOf(lengths: readonly number[], trained: readonly number[], room: number, isCut: boolean): number {
  return lengths.reduce((all, length, at) => {
    const own = trained[at] ?? 0
    if (length <= room) return all + own
    return isCut ? all + own * share(room, length) : all
  }, 0)
}
