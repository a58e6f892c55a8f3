import type { RunId } from '#engine/protocol/index.ts'
import { t } from '@/i18n/index.ts'
import { useTabs } from '@/shell/tabs.ts'
import { registerView } from '@/shell/views.ts'
import { useRuns } from '@/workbench/stores.ts'

/** Opens the page of a run. */
export const openRun = (id: RunId): void => useTabs().open({ kind: 'run', id: `run:${id}`, props: { id } })

export function registerRuns(): void {
  registerView({
    kind: 'runs',
    component: () => import('./RunsView.vue'),
    title: () => t('runs.title'),
    icon: 'runs',
    activity: 3,
  })
  registerView({
    kind: 'run',
    component: () => import('./RunView.vue'),
    title: (props) => {
      const run = useRuns().byId(String(props['id']))
      return run ? t('runs.name', { number: run.number }) : t('runs.title')
    },
    icon: 'runs',
    within: 'runs',
  })
}
