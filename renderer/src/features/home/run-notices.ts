import type { RunState, RunView } from '#contract/index.ts'
import { watch } from 'vue'
import { errorText, t, text } from '@/i18n/index.ts'
import { useRuns } from '@/workbench/stores.ts'
import { openRun } from '@/features/runs/index.ts'
import { notify } from '@/shell/notifications.ts'

const levels = {
  succeeded: 'ok',
  failed: 'error',
  stopped: 'info',
  lost: 'warn',
} as const satisfies Partial<Record<RunState, string>>

type EndState = keyof typeof levels
const isEnd = (state: RunState): state is EndState => state in levels

function announce(run: RunView, state: EndState): void {
  const error = run.steps.find((step) => step.error)?.error
  notify({
    level: levels[state],
    title: t(`home.notice.${state}`, { number: run.number }),
    text: error ? `${text(run.title)}: ${errorText(error)}` : text(run.title),
    action: { label: t('home.notice.open', { number: run.number }), run: () => openRun(run.id) },
  })
}

/** Tells once when a run that was seen going has ended. */
export function useRunNotices(): void {
  const runs = useRuns()
  const going = new Set<string>()
  watch(
    () => runs.list,
    (list) => {
      for (const run of list) {
        if (!isEnd(run.state)) going.add(run.id)
        else if (going.delete(run.id)) announce(run, run.state)
      }
    },
    { immediate: true },
  )
}
