import { computed, onScopeDispose, ref, shallowReactive, shallowRef, watch } from 'vue'
import type { RunView, StepView } from '#contract/runs.ts'
import { type CodedError, toCodedError } from '#engine/protocol/index.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { follow } from '@/workbench/follow.ts'
import { onFrame } from '../on-frame.ts'
import { hasStarted, isLive } from '../run-facts.ts'
import { MetricStore } from './series.ts'

/** Enough for any chart on any screen; the journal keeps every point. */
const POINTS = 2000

/**
 * Metrics of every step that has started. A running step's journal is followed, an ended one's kept points are read
 * once; both end in the same series, so a reload in the middle of a run draws the same chart.
 */
export function useRunMetrics(run: () => RunView) {
  const workbench = useWorkbench()
  const stores = shallowReactive(new Map<string, MetricStore>())
  const version = ref(0)
  const error = shallowRef<CodedError | null>(null)
  const loading = ref(0)
  const stopped = new AbortController()
  const drawSoon = onFrame(() => (version.value += 1))
  onScopeDispose(() => stopped.abort())

  async function read(step: StepView, store: MetricStore) {
    loading.value += 1
    await follow({
      open: async function* (signal) {
        yield await workbench.runs.metrics({ id: run().id, step: step.id, points: POINTS }, { signal })
      },
      take: (points) => {
        for (const point of points) store.push(point.step, point.values)
        drawSoon()
      },
      failed: (reason) => (error.value = toCodedError(reason)),
      whenOnline: workbench.whenOnline,
      signal: stopped.signal,
    })
    loading.value -= 1
  }

  async function watchStep(step: StepView, store: MetricStore) {
    let next = 1
    await follow({
      open: (signal) => workbench.runs.journal({ id: run().id, step: step.id, from: next }, { signal }),
      take: (entries) => {
        for (const entry of entries) {
          if (entry.n < next) continue
          next = entry.n + 1
          if (entry.kind === 'metric') store.push(entry.step, entry.values)
        }
        drawSoon()
      },
      failed: (reason) => (error.value = toCodedError(reason)),
      whenOnline: workbench.whenOnline,
      signal: stopped.signal,
    })
  }

  watch(
    () =>
      run()
        .steps.filter(hasStarted)
        .map((step) => step.id),
    () => {
      for (const step of run().steps.filter(hasStarted)) {
        if (stores.has(step.id)) continue
        const store = new MetricStore()
        stores.set(step.id, store)
        void (isLive(step) ? watchStep(step, store) : read(step, store))
      }
    },
    { immediate: true },
  )

  /** Steps that have any metric. */
  const steps = computed(() => {
    void version.value
    return [...stores].filter(([, store]) => store.names.length > 0).map(([id]) => id)
  })
  const isLoading = computed(() => loading.value > 0)
  return { store: (step: string) => stores.get(step), steps, version, error, isLoading }
}
