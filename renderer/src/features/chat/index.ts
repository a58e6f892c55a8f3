import type { HostId } from '#engine/protocol/index.ts'
import { t } from '@/i18n/index.ts'
import { useTabs } from '@/shell/tabs.ts'
import { registerView } from '@/shell/views.ts'

export interface OpenChat {
  readonly checkpoint: string
  readonly host: HostId
  /** Put into the input, not sent. */
  readonly prompt?: string
}

/** Opens the chat with a new conversation about a checkpoint. It is kept once something was sent. */
export function openChat({ checkpoint, host, prompt }: OpenChat): void {
  const draft = { checkpoint, host, ...(prompt === undefined ? {} : { prompt }) }
  useTabs().open({ kind: 'chat', id: 'chat', props: { draft } })
}

export function registerChat(): void {
  registerView({
    kind: 'chat',
    component: () => import('./ChatView.vue'),
    title: () => t('chat.title'),
    icon: 'chat',
    activity: 5,
  })
}
