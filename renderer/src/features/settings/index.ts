import { t } from '@/i18n/index.ts'
import { registerView } from '@/shell/views.ts'

export function registerSettings(): void {
  registerView({
    kind: 'settings',
    component: () => import('./SettingsView.vue'),
    title: () => t('settings.title'),
    icon: 'settings',
    activity: 7,
  })
}
