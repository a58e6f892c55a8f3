import type { HostId } from '#engine/protocol/index.ts'
import { t, text } from '@/i18n/index.ts'
import { registerCommand } from '@/shell/commands.ts'
import { useTabs } from '@/shell/tabs.ts'
import { registerView } from '@/shell/views.ts'
import { useHosts } from '@/workbench/stores.ts'
import type { HostPage } from './pages.ts'

export { useAlertNotices } from './npus/alert-notices.ts'
export { default as NpuStrip } from './npus/NpuStrip.vue'
export { useNpus } from './npus/use-npus.ts'

let opened = 0

/** Opens the page of a host, at one of its parts if that is asked for. */
export const openHost = (id: HostId, page?: HostPage): void =>
  useTabs().open({
    kind: 'host',
    id: `host:${id}`,
    props: page === undefined ? { id } : { id, page, opened: ++opened },
  })

/** Opens the board of the NPUs of all hosts. */
export const openNpuBoard = (): void => useTabs().open({ kind: BOARD, id: BOARD })

const BOARD = 'npu-board'

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
    kind: BOARD,
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
