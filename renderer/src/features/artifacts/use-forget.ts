import type { ArtifactView } from '#contract/artifacts.ts'
import { t } from '@/i18n/index.ts'
import { confirm } from '@/shell/confirm.ts'
import { notifyError } from '@/shell/notifications.ts'
import { useTabs } from '@/shell/tabs.ts'
import { useWorkbench } from '@/workbench/index.ts'

/** Takes an artifact off the list after a question, and closes its page. */
export function useForget() {
  const { artifacts } = useWorkbench()
  const tabs = useTabs()
  return async ({ id, kind, name, path }: ArtifactView): Promise<void> => {
    const title = t('artifacts.forget.title', { name })
    const text = t('artifacts.forget.text', { path })
    if (!(await confirm({ title, text, action: t('artifacts.forget.action'), isDestructive: true }))) return
    try {
      await artifacts.forget({ id })
      tabs.close(`${kind}:${id}`)
    } catch (error) {
      notifyError(error)
    }
  }
}
