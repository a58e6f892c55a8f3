/** Which layers one chunk of a pipeline stage holds, by their global numbers; a stage has several with virtual stages. */
export interface PipelineChunk {
  readonly stage: number
  readonly chunk: number
  readonly layers: readonly number[]
  readonly isFirst: boolean
  readonly isLast: boolean
}

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index)

/** Stage p holds layers p*L/PP onwards; PP divides L. */
export function evenStages(layers: number, pp: number): PipelineChunk[] {
  return unevenStages(Array.from({ length: pp }, () => layers / pp))
}

/** Stages of given sizes, in order (`--num-layer-list`). */
export function unevenStages(sizes: readonly number[]): PipelineChunk[] {
  let from = 0
  return sizes.map((count, stage) => {
    const layers = range(from, count)
    from += count
    return { stage, chunk: 0, layers, isFirst: stage === 0, isLast: stage === sizes.length - 1 }
  })
}

/** Virtual stages: chunk v of stage p holds `perChunk` layers from (v*PP + p)*perChunk on. */
export function virtualStages(layers: number, pp: number, perChunk: number): PipelineChunk[] {
  const chunks = layers / pp / perChunk
  return range(0, pp).flatMap((stage) =>
    range(0, chunks).map((chunk) => ({
      stage,
      chunk,
      layers: range((chunk * pp + stage) * perChunk, perChunk),
      isFirst: stage === 0 && chunk === 0,
      isLast: stage === pp - 1 && chunk === chunks - 1,
    })),
  )
}
