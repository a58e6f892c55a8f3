export const PLOT_HEIGHT = 96

/** A bar of a histogram, with its place in the box of the plot. */
export interface Bar {
  readonly x: number
  readonly width: number
  readonly height: number
  readonly title: string
  /** Beyond what is wanted. */
  readonly isOver?: boolean
  /** Both ends and the count, for who cannot see the bar. */
  readonly cells: readonly [from: string, to: string, count: string]
}

/** The height of a bar that has a part of the tallest one; what is there at all stays to be seen. */
export const barHeight = (part: number): number => (part === 0 ? 0 : Math.max(2, part * PLOT_HEIGHT))
