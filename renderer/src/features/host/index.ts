import type { HostId } from '#engine/protocol/index.ts'
import { t, text } from '@/i18n/index.ts'
import { useTabs } from '@/shell/tabs.ts'
import { registerView } from '@/shell/views.ts'
import { useHosts } from '@/workbench/stores.ts'

export { default as NpuStrip } from './npus/NpuStrip.vue'
export { useNpus } from './npus/use-npus.ts'

/** Opens the page of a host. */
export const openHost = (id: HostId): void => useTabs().open({ kind: 'host', id: `host:${id}`, props: { id } })

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
}
