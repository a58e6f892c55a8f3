import { computed, ref, watch, type Ref } from 'vue'
import type { PlanRequest } from '#contract/runs.ts'
import type { Plan } from '#engine/protocol/index.ts'
import { openRun } from '@/features/runs/index.ts'
import { t } from '@/i18n/index.ts'
import { notify, notifyError } from '@/shell/notifications.ts'
import { download } from '@/ui/download.ts'
import { useWorkbench } from '@/workbench/index.ts'

interface Planned {
  readonly request: Readonly<Ref<PlanRequest | null>>
  readonly plan: Readonly<Ref<Plan | null>>
  /** The request that the plan answers. */
  readonly answered: Readonly<Ref<PlanRequest | null>>
}

/**
 * Running what a panel says. Asked for within a moment of a keystroke, it waits for the plan of that keystroke: nothing
 * runs that was not shown, and nothing that was asked for is dropped.
 */
export function usePanelRun({ request, plan, answered }: Planned) {
  const workbench = useWorkbench()
  const isStarting = ref(false)
  const isAsked = ref(false)
  const isCurrent = computed(() => JSON.stringify(answered.value) === JSON.stringify(request.value))
  const canRun = computed(
    () =>
      !isStarting.value &&
      plan.value !== null &&
      !plan.value.previewOnly &&
      plan.value.steps.length > 0 &&
      plan.value.findings.every((finding) => finding.level !== 'error'),
  )

  async function run(): Promise<void> {
    isAsked.value = !isCurrent.value
    if (isAsked.value || !canRun.value || !request.value) return
    isStarting.value = true
    try {
      openRun((await workbench.runs.start(request.value)).id)
    } catch (error) {
      notifyError(error)
    } finally {
      isStarting.value = false
    }
  }
  watch(isCurrent, (now) => {
    if (now && isAsked.value) void run()
  })

  async function exportScript(): Promise<void> {
    if (!request.value) return
    try {
      const { script } = await workbench.plans.script(request.value)
      const name = `${request.value.family}-${request.value.panel}.sh`
      download(name, script)
      notify({ level: 'ok', title: t('families.plan.exported', { name }) })
    } catch (error) {
      notifyError(error)
    }
  }
  return { isStarting, canRun, run, exportScript }
}
