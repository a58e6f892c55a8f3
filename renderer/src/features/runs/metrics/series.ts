/** One metric over steps. Steps rise strictly. */
export interface Series {
  readonly steps: Float64Array
  readonly values: Float64Array
}

class GrowingSeries {
  #steps = new Float64Array(256)
  #values = new Float64Array(256)
  #length = 0

  get view(): Series {
    return { steps: this.#steps.subarray(0, this.#length), values: this.#values.subarray(0, this.#length) }
  }

  /** A step that was seen already, or an earlier one, means a resumed run: what followed it is written anew. */
  push(step: number, value: number): void {
    while (this.#length > 0 && (this.#steps[this.#length - 1] ?? -Infinity) >= step) this.#length -= 1
    if (this.#length === this.#steps.length) {
      this.#steps = doubled(this.#steps)
      this.#values = doubled(this.#values)
    }
    this.#steps[this.#length] = step
    this.#values[this.#length] = value
    this.#length += 1
  }
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2)
  larger.set(array)
  return larger
}

/** Metrics of one step of a run, by name. Typed arrays, so that hundreds of thousands of points stay cheap. */
export class MetricStore {
  readonly #byName = new Map<string, GrowingSeries>()

  push(step: number, values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) {
      let series = this.#byName.get(name)
      if (!series) this.#byName.set(name, (series = new GrowingSeries()))
      series.push(step, value)
    }
  }

  get names(): string[] {
    return [...this.#byName.keys()]
  }

  series(name: string): Series {
    return this.#byName.get(name)?.view ?? { steps: new Float64Array(0), values: new Float64Array(0) }
  }

  last(name: string): number | null {
    const { values } = this.series(name)
    return values[values.length - 1] ?? null
  }

  clear(): void {
    this.#byName.clear()
  }
}

/**
 * Exponential moving average, corrected for its start (Adam's bias correction), so that the first points are not drawn
 * towards zero. `weight` 0 leaves the series as it is. Values that are not finite pass through and do not count.
 */
export function smooth(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0) return values
  const result = new Float64Array(values.length)
  let average = 0
  let debias = 1
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0
    if (!Number.isFinite(value)) {
      result[at] = value
      continue
    }
    average = average * weight + value * (1 - weight)
    debias *= weight
    result[at] = average / (1 - debias)
  }
  return result
}

/**
 * At most about `points` pairs that keep the shape: the smallest and the largest of each bucket, in order. A chart then
 * never draws more than its pixels, and no spike is lost.
 */
export function thin(series: Series, points: number): [number, number][] {
  const { steps, values } = series
  const pair = (at: number): [number, number] => [steps[at] ?? 0, values[at] ?? 0]
  if (steps.length <= points) return Array.from(steps, (_, at) => pair(at))
  const result: [number, number][] = []
  const buckets = Math.max(1, Math.floor(points / 2))
  for (let bucket = 0; bucket < buckets; bucket += 1) {
    const from = Math.floor((bucket * steps.length) / buckets)
    const to = Math.floor(((bucket + 1) * steps.length) / buckets)
    let low = from
    let high = from
    for (let at = from + 1; at < to; at += 1) {
      if ((values[at] ?? 0) < (values[low] ?? 0)) low = at
      if ((values[at] ?? 0) > (values[high] ?? 0)) high = at
    }
    result.push(pair(Math.min(low, high)))
    if (low !== high) result.push(pair(Math.max(low, high)))
  }
  const last = pair(steps.length - 1)
  if (result[result.length - 1]?.[0] !== last[0]) result.push(last)
  return result
}
