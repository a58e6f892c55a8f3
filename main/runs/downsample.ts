import type { MetricPoint } from '#contract/index.ts'

/**
 * Thins metrics to at most `points` per series. Each series is cut into equal stretches, and of each stretch the lowest
 * and the highest value stay, so spikes survive; the first and the last value always stay. Order is kept.
 */
export function downsample(metrics: readonly MetricPoint[], points: number): MetricPoint[] {
  const series = new Map<string, number[]>()
  for (const [index, { values }] of metrics.entries()) {
    for (const name of Object.keys(values)) {
      const indices = series.get(name)
      if (indices) indices.push(index)
      else series.set(name, [index])
    }
  }
  if ([...series.values()].every((indices) => indices.length <= points)) return [...metrics]

  const kept = new Map<number, Record<string, number>>()
  for (const [name, indices] of series) {
    const value = (index: number) => metrics[index]?.values[name] ?? Number.NaN
    for (const index of thin(indices, value, points)) {
      const values = kept.get(index) ?? {}
      values[name] = value(index)
      kept.set(index, values)
    }
  }
  return [...kept].sort(([a], [b]) => a - b).map(([index, values]) => ({ step: metrics[index]?.step ?? 0, values }))
}

function thin(indices: readonly number[], value: (index: number) => number, points: number): number[] {
  const first = indices[0]
  const last = indices.at(-1)
  if (first === undefined || last === undefined || indices.length <= points) return [...indices]
  if (points === 1) return [last]
  const kept = new Set<number>([first, last])
  const inner = indices.slice(1, -1)
  const stretches = Math.floor((points - 2) / 2)
  for (let i = 0; i < stretches; i++) {
    const from = Math.floor((i * inner.length) / stretches)
    const to = Math.floor(((i + 1) * inner.length) / stretches)
    let low = inner[from]
    let high = low
    for (const index of inner.slice(from, to)) {
      if (low === undefined || value(index) < value(low)) low = index
      if (high === undefined || value(index) > value(high)) high = index
    }
    if (low !== undefined) kept.add(low)
    if (high !== undefined) kept.add(high)
  }
  return [...kept]
}
