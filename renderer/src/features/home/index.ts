import { t } from '@/i18n/index.ts'
import { registerView } from '@/shell/views.ts'

export { useRunNotices } from './run-notices.ts'

export function registerHome(): void {
  registerView({
    kind: 'home',
    component: () => import('./HomeView.vue'),
    title: () => t('home.title'),
    icon: 'home',
    activity: 0,
  })
}
