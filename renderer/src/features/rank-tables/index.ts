import { t } from '@/i18n/index.ts'
import { registerCommand } from '@/shell/commands.ts'
import { useTabs } from '@/shell/tabs.ts'
import { registerView } from '@/shell/views.ts'

const KIND = 'rank-tables'

/** Opens the page that makes, merges and distributes rank tables. */
export const openRankTables = (): void => useTabs().open({ kind: KIND, id: KIND })

export function registerRankTables(): void {
  registerView({
    kind: KIND,
    component: () => import('./RankTablesView.vue'),
    title: () => t('rankTables.title'),
    icon: 'table',
    within: 'hosts',
  })
  registerCommand({
    id: 'rankTables.open',
    title: () => t('shell.command.openView', { name: t('rankTables.title') }),
    run: openRankTables,
  })
}
