import { t, text } from '@/i18n/index.ts'
import { registerCommand } from '@/shell/commands.ts'
import { registerView } from '@/shell/views.ts'
import { useHosts } from '@/workbench/stores.ts'
import { NPU_BOARD, openNpuBoard } from './open.ts'

export { openHost, openNpuBoard } from './open.ts'
export { useAlertNotices } from './npus/alert-notices.ts'
export { default as NpuStrip } from './npus/NpuStrip.vue'
export { useNpus } from './npus/use-npus.ts'

export function registerHost(): void {
  registerView({
    kind: 'host',
    component: () => import('./HostDetail.vue'),
    title: (props) => {
      const host = useHosts().byId(String(props['id']))
      return host ? text(host.name) : t('host.host')
    },
    icon: 'hosts',
    within: 'hosts',
  })
  registerView({
    kind: NPU_BOARD,
    component: () => import('./npus/board/NpuBoardView.vue'),
    title: () => t('host.board.title'),
    icon: 'chart',
    within: 'hosts',
  })
  registerCommand({
    id: 'npuBoard.open',
    title: () => t('shell.command.openView', { name: t('host.board.title') }),
    run: openNpuBoard,
  })
}
