import type { NpuPoint, NpuSeries } from '#contract/index.ts'
import type { ChartOption, ChartTable } from '@/ui/chart/option.ts'

/** What is drawn of a point; `top` is the end of the axis where it is known. */
export interface HistoryMetric {
  readonly value: (point: NpuPoint) => number
  readonly unit: string
  readonly top?: number
}

const nameOf = ({ npu, chip }: NpuSeries): string => (chip === 0 ? `${npu}` : `${npu}/${chip}`)

/** One line per chip over time. A gap longer than three steps is a gap, not a line. @param stepMs between points */
export function historyOption(
  series: readonly NpuSeries[],
  metric: HistoryMetric,
  range: { readonly from: number; readonly to: number; readonly stepMs: number },
): ChartOption {
  return {
    animation: false,
    grid: { left: 8, right: 12, top: 8, bottom: 4, containLabel: true },
    tooltip: {
      trigger: 'axis',
      confine: true,
      valueFormatter: (value) => `${Number(value).toFixed(0)} ${metric.unit}`,
    },
    xAxis: {
      type: 'time',
      min: range.from,
      max: range.to,
      splitLine: { show: false },
      axisLabel: { hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      min: 0,
      ...(metric.top === undefined ? {} : { max: metric.top, interval: metric.top / 4 }),
      splitNumber: 3,
      axisLabel: { formatter: (value: number) => `${value} ${metric.unit}` },
    },
    series: series.map((one) => ({
      type: 'line' as const,
      name: nameOf(one),
      showSymbol: one.points.length === 1,
      silent: true,
      lineStyle: { width: 1.25 },
      data: withGaps(one.points, range.stepMs).map((point) =>
        'gap' in point ? [point.gap, null] : [point.at, metric.value(point)],
      ),
    })),
  }
}

function withGaps(points: readonly NpuPoint[], stepMs: number): (NpuPoint | { gap: number })[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1]
    const isGap = before !== undefined && point.at - before.at > Math.max(3 * stepMs, 90_000)
    return isGap ? [{ gap: before.at + stepMs }, point] : [point]
  })
}

/** The same as a table: a row per time, a column per chip. */
export function historyTable(series: readonly NpuSeries[], metric: HistoryMetric, time: string): ChartTable {
  const times = [...new Set(series.flatMap(({ points }) => points.map(({ at }) => at)))].sort((a, b) => b - a)
  const byChip = series.map(({ points }) => new Map(points.map((point) => [point.at, metric.value(point)])))
  return {
    columns: [time, ...series.map(nameOf)],
    rows: times
      .slice(0, 200)
      .map((at) => [new Date(at).toLocaleTimeString(), ...byChip.map((found) => found.get(at)?.toFixed(0) ?? '–')]),
  }
}
