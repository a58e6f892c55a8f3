import type { RunState, RunView } from '#contract/index.ts'
import { watch } from 'vue'
import { errorText, t, text } from '@/i18n/index.ts'
import { useRuns } from '@/workbench/stores.ts'
import { openRun } from '@/features/runs/index.ts'
import { announce, notify } from '@/shell/notifications.ts'
import { useTabs } from '@/shell/tabs.ts'

/** States in which a run does nothing by itself. */
const levels = {
  restart: 'warn',
  succeeded: 'ok',
  failed: 'error',
  stopped: 'info',
  lost: 'warn',
} as const satisfies Partial<Record<RunState, string>>

type EndState = keyof typeof levels
const isEnd = (state: RunState): state is EndState => state in levels

/** The home view shows every recent run, the page of a run itself. */
function isInSight(run: RunView): boolean {
  const { active } = useTabs()
  return active?.kind === 'home' || active?.props['id'] === run.id
}

function tell(run: RunView, state: EndState): void {
  const title = t(`home.notice.${state}`, { number: run.number })
  if (isInSight(run)) {
    announce(`${title}: ${text(run.title)}`)
    return
  }
  const error = run.steps.find((step) => step.error)?.error
  notify({
    level: levels[state],
    title,
    text: error ? `${text(run.title)}: ${errorText(error)}` : text(run.title),
    action: { label: t('home.notice.open', { number: run.number }), run: () => openRun(run.id) },
  })
}

/** Tells once when a run that was seen going has ended, or waits for its user. */
export function useRunNotices(): void {
  const runs = useRuns()
  const going = new Set<string>()
  watch(
    () => runs.list,
    (list) => {
      for (const run of list) {
        if (!isEnd(run.state)) going.add(run.id)
        else if (going.delete(run.id)) tell(run, run.state)
      }
    },
    { immediate: true },
  )
}
