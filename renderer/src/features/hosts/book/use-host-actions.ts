import type { HostView } from '#contract/index.ts'
import { t, text } from '@/i18n/index.ts'
import { confirm } from '@/shell/confirm.ts'
import { notify, notifyError } from '@/shell/notifications.ts'
import { useWorkbench } from '@/workbench/index.ts'

/** What can be done with a host of the book; what fails is told. */
export function useHostActions() {
  const { hosts } = useWorkbench()
  const tell = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      notifyError(error, t('hosts.book.failed'))
    }
  }
  return {
    connect: ({ id }: HostView) => tell(() => hosts.connect({ id })),
    disconnect: ({ id }: HostView) => tell(() => hosts.disconnect({ id })),
    duplicate: ({ id }: HostView) => tell(() => hosts.duplicate({ id })),
    forget: ({ id, name }: HostView) =>
      tell(async () => {
        await hosts.forgetSecrets({ id })
        notify({ level: 'ok', title: t('hosts.book.forgotten', { host: text(name) }) })
      }),
    remove: async ({ id, name }: HostView) => {
      const question = {
        title: t('hosts.book.removeTitle', { host: text(name) }),
        text: t('hosts.book.removeText'),
        action: t('hosts.book.remove'),
        isDestructive: true,
      }
      if (await confirm(question)) await tell(() => hosts.remove({ id }))
    },
    trust: async ({ id, name }: HostView, seen: string) => {
      const question = {
        title: t('hosts.book.changed.replaceTitle', { host: text(name) }),
        text: t('hosts.book.changed.replaceText', { seen }),
        action: t('hosts.book.changed.replace'),
        isDestructive: true,
      }
      if (await confirm(question)) await tell(() => hosts.trustKey({ id, fingerprint: seen }))
    },
  }
}
