import type { HostId } from '#engine/protocol/index.ts'
import { useTabs } from '@/shell/tabs.ts'
import type { HostPage } from './pages.ts'

/** The kind of the view that shows the NPUs of all hosts. */
export const NPU_BOARD = 'npu-board'

let opened = 0

/** Opens the page of a host, at one of its parts if that is asked for. */
export const openHost = (id: HostId, page?: HostPage): void =>
  useTabs().open({
    kind: 'host',
    id: `host:${id}`,
    props: page === undefined ? { id } : { id, page, opened: ++opened },
  })

/** Opens the board of the NPUs of all hosts. */
export const openNpuBoard = (): void => useTabs().open({ kind: NPU_BOARD, id: NPU_BOARD })
