import { onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { PlanRequest } from '#contract/runs.ts'
import { type CodedError, type Plan, toCodedError } from '#engine/protocol/index.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { Latest } from './latest.ts'

const QUIET_MS = 60
/** An answer that comes sooner is not announced as “updating”: the words would only flicker. */
const STALE_AFTER_MS = 400

/**
 * The plan for what the form says now. The last plan stays on screen while a newer one is made, so nothing jumps; a
 * request that cannot be answered leaves it there, too, beside the error.
 */
export function usePlanPreview(request: Readonly<Ref<PlanRequest | null>>) {
  const workbench = useWorkbench()
  const plan = shallowRef<Plan | null>(null)
  /** The request that `plan` answers. */
  const answered = shallowRef<PlanRequest | null>(null)
  const error = shallowRef<CodedError | null>(null)
  const isStale = ref(false)
  let staleTimer: ReturnType<typeof setTimeout> | null = null

  function settle() {
    if (staleTimer !== null) clearTimeout(staleTimer)
    staleTimer = null
    isStale.value = false
  }

  const latest = new Latest<PlanRequest, Plan>({
    delayMs: QUIET_MS,
    isEager: true,
    run: (input, signal) => workbench.plans.preview(input, { signal }),
    done: (output, input) => {
      plan.value = output
      answered.value = input
      error.value = null
      settle()
    },
    failed: (reason) => {
      error.value = toCodedError(reason)
      settle()
    },
  })

  const ask = (input: PlanRequest, atOnce: boolean) => {
    staleTimer ??= setTimeout(() => (isStale.value = true), STALE_AFTER_MS)
    latest.ask(input, { atOnce })
  }

  watch(
    request,
    (current, previous) => {
      if (current === null) {
        latest.cancel()
        settle()
        return
      }
      if (previous && JSON.stringify(current) === JSON.stringify(previous)) return
      const isOtherPanel = current.panel !== previous?.panel || current.host !== previous.host
      if (isOtherPanel) {
        plan.value = null
        answered.value = null
        error.value = null
      }
      ask(current, isOtherPanel)
    },
    { immediate: true },
  )
  // Back online: what could not be asked is asked now.
  watch(
    () => workbench.link.status,
    (status) => {
      if (status === 'online' && error.value && request.value) ask(request.value, true)
    },
  )
  onScopeDispose(() => {
    latest[Symbol.dispose]()
    settle()
  })

  const retry = () => request.value && ask(request.value, true)
  return { plan, answered, error, isStale, retry }
}
