import { t } from '@/i18n/index.ts'
import { registerView } from '@/shell/views.ts'

export function registerPlugins(): void {
  registerView({
    kind: 'plugins',
    component: () => import('./PluginsView.vue'),
    title: () => t('plugins.title'),
    icon: 'plugins',
    activity: 6,
  })
}
