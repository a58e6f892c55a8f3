import { t } from '@/i18n/index.ts'
import { registerView } from '@/shell/views.ts'

export function registerHosts(): void {
  registerView({
    kind: 'hosts',
    component: () => import('./HostsView.vue'),
    title: () => t('hosts.title'),
    icon: 'hosts',
    activity: 1,
  })
}
