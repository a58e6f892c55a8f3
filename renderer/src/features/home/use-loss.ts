import type { RunView } from '#contract/index.ts'
import { computed, type Ref, shallowRef, watch } from 'vue'
import { useWorkbench } from '@/workbench/index.ts'

const POINTS = 60

/** Steps that can leave a loss: the training task, and scripts whose log is read for metrics. */
function trainingStep(run: RunView): string | undefined {
  return run.plan.steps.find((step) =>
    step.kind === 'task' ? step.task === 'reference.train' : step.log !== undefined && step.log !== 'plain',
  )?.id
}

/** The course of a run's loss, thinned out; empty where the run has none. Read again when its progress moves on. */
export function useLoss(run: Readonly<Ref<RunView>>): Readonly<Ref<readonly number[]>> {
  const { runs } = useWorkbench()
  const loss = shallowRef<readonly number[]>([])
  const step = computed(() => trainingStep(run.value))
  /** Changes some twenty times over a training, not with each of its steps. */
  const stage = computed(() => {
    const view = run.value.steps.find(({ id }) => id === step.value)
    const { done = 0, total = 0 } = view?.progress ?? {}
    return `${view?.state} ${total > 0 ? Math.floor((done / total) * 20) : 0}`
  })
  watch(
    [() => run.value.id, step, stage],
    async ([id, step], _, onCleanup) => {
      if (step === undefined) return
      const abort = new AbortController()
      onCleanup(() => abort.abort())
      try {
        const points = await runs.metrics({ id, step, points: POINTS }, { signal: abort.signal })
        loss.value = points.flatMap(({ values }) => (values['loss'] === undefined ? [] : [values['loss']]))
      } catch {
        // A drawing in passing: without its numbers the row says everything else, and the run's own page tells why.
      }
    },
    { immediate: true },
  )
  return loss
}
