const SMALLEST_PIECE_BYTES = 3 * 1024
const LARGEST_PIECE_BYTES = 16 * 1024
/** Pieces that may be sent before the viewer has dealt with the first of them. */
const PIECES_AHEAD = 8
/** How long a piece should take: behind these wait others, and Ctrl-C shows nothing before all of them are drawn. */
const SLOW_MS = 25
const FAST_MS = 12
const STEP = 1.3

/**
 * How much of a flood is on its way to one viewer. The borders behind this one let a fixed number of pieces through, so
 * it is the size of a piece that says how many milliseconds of drawing are under way: small for a viewer that draws
 * slowly, large for one that is quick. Not below what a far viewer needs for a usable rate.
 */
export class Pace {
  readonly #now: () => number
  readonly #sent: { readonly end: number; readonly at: number }[] = []
  #pieceBytes = LARGEST_PIECE_BYTES / 2

  constructor(now: () => number) {
    this.#now = now
  }

  get pieceBytes(): number {
    return Math.floor(this.#pieceBytes)
  }

  get aheadBytes(): number {
    return this.pieceBytes * PIECES_AHEAD
  }

  /** A piece that ends before byte `end` goes out. */
  sent(end: number): void {
    this.#sent.push({ end, at: this.#now() })
  }

  /** The viewer has dealt with all before byte `end`. */
  acked(end: number): void {
    let at: number | undefined
    while (this.#sent[0] !== undefined && this.#sent[0].end <= end) at = this.#sent.shift()?.at
    if (at === undefined) return
    const took = this.#now() - at
    if (took > SLOW_MS) this.#pieceBytes = Math.max(SMALLEST_PIECE_BYTES, this.#pieceBytes / STEP)
    else if (took < FAST_MS) this.#pieceBytes = Math.min(LARGEST_PIECE_BYTES, this.#pieceBytes * STEP)
  }
}
