import type { ChartOption, ChartTable } from '@/ui/chart/option.ts'
import { smooth, thin, type Series } from './series.ts'

export interface MetricLook {
  readonly isLog: boolean
  /** 0 to below 1. */
  readonly smoothing: number
}

/** A chart is a few hundred pixels wide; more points than this only cost. */
const POINTS = 600
const TABLE_ROWS = 200

/** Metrics that the page has words for, in the order they are shown; the others follow by name. */
const known = [
  'loss',
  'learningRate',
  'tokensPerSecond',
  'tflops',
  'gradNorm',
  'validationLoss',
  'testLoss',
  'perplexity',
  'iterationMs',
] as const
type KnownMetric = (typeof known)[number]

export const knownMetric = (name: string): KnownMetric | undefined => known.find((candidate) => candidate === name)

const place = (name: string) => {
  const metric = knownMetric(name)
  return metric ? known.indexOf(metric) : known.length
}

export const orderMetrics = (names: readonly string[]): string[] =>
  [...names].sort((a, b) => place(a) - place(b) || a.localeCompare(b))

/** A short text of a value of any size: `1.284`, `2 391`, `1.5e-5`. */
export function metricText(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size !== 0 && size < 1e-3) return value.toExponential(2)
  return value.toLocaleString('en-US', { maximumSignificantDigits: size >= 1000 ? 6 : 4 }).replaceAll(',', ' ')
}

/** On a logarithmic axis there is no place for 0 and below: those points are left out. */
const drawable = (points: [number, number][], isLog: boolean) =>
  isLog ? points.filter(([, value]) => value > 0) : points

export function metricOption(series: Series, look: MetricLook, color: string): ChartOption {
  const smoothed = smooth(series.values, look.smoothing)
  const raw = drawable(thin(series, POINTS), look.isLog)
  const line = drawable(thin({ steps: series.steps, values: smoothed }, POINTS), look.isLog)
  const base = { type: 'line' as const, showSymbol: raw.length === 1, silent: true, color }
  return {
    animation: false,
    grid: { left: 8, right: 12, top: 8, bottom: 4, containLabel: true },
    tooltip: { trigger: 'axis', confine: true, valueFormatter: (value) => metricText(Number(value)) },
    xAxis: {
      type: 'value',
      min: 'dataMin',
      max: 'dataMax',
      splitLine: { show: false },
      axisLabel: { hideOverlap: true },
    },
    yAxis: {
      type: look.isLog ? 'log' : 'value',
      scale: true,
      splitNumber: 3,
      axisLabel: { formatter: (value: number) => metricText(value) },
    },
    series:
      look.smoothing > 0
        ? [
            { ...base, data: raw, lineStyle: { width: 1, opacity: 0.25 }, tooltip: { show: false } },
            { ...base, data: line, lineStyle: { width: 1.5 } },
          ]
        : [{ ...base, data: raw, lineStyle: { width: 1.5 } }],
  }
}

export function metricTable(series: Series, columns: readonly [string, string]): ChartTable {
  return { columns, rows: thin(series, TABLE_ROWS).map(([step, value]) => [step, metricText(value)]) }
}
