import type { HostId, TerminalInfo } from '#engine/protocol/index.ts'
import { ref, shallowRef } from 'vue'
import { t } from '@/i18n/index.ts'
import { confirm } from '@/shell/confirm.ts'
import { notifyError } from '@/shell/notifications.ts'
import { useAsync } from '@/workbench/async-state.ts'
import { useWorkbench } from '@/workbench/index.ts'

/** A size until the screen has measured itself. */
const FIRST_SIZE = { columns: 100, rows: 30 }

/** The terminals of a host: those that run there already, and those that are opened here. */
export function useHostTerminals(host: () => HostId) {
  const { terminals } = useWorkbench()
  const open = shallowRef<readonly TerminalInfo[]>([])
  const ended = shallowRef<ReadonlyMap<string, number | null>>(new Map())
  const shown = ref('')
  const isOpening = ref(false)

  const loaded = useAsync(async (signal) => {
    const found = await terminals.list({ host: host() }, { signal })
    open.value = found
    shown.value = found.at(-1)?.id ?? ''
    return found.length
  })

  const labelOf = ({ id, container }: TerminalInfo): string => {
    const n = open.value.findIndex((terminal) => terminal.id === id) + 1
    return container === null ? t('host.terminal.label', { n }) : t('host.terminal.labelIn', { n, container })
  }

  /** Opens a shell on the host, or in one of its containers; answers null when it could not be. */
  async function add(container: string | null): Promise<TerminalInfo | null> {
    isOpening.value = true
    try {
      const terminal = await terminals.open({ host: host(), ...FIRST_SIZE, container })
      open.value = [...open.value, terminal]
      return terminal
    } catch (error) {
      notifyError(error, t('host.terminal.open'))
      return null
    } finally {
      isOpening.value = false
    }
  }

  async function close(terminal: TerminalInfo): Promise<void> {
    if (!ended.value.has(terminal.id)) {
      const question = {
        title: t('host.terminal.closeTitle', { n: open.value.indexOf(terminal) + 1 }),
        text: t('host.terminal.closeText'),
        action: t('host.terminal.close'),
        isDestructive: true,
      }
      if (!(await confirm(question))) return
      // One that has ended by itself meanwhile is what was wanted.
      await terminals.close({ host: host(), id: terminal.id }).catch(() => undefined)
    }
    open.value = open.value.filter(({ id }) => id !== terminal.id)
    if (shown.value === terminal.id) shown.value = open.value.at(-1)?.id ?? ''
  }

  function noteEnd(id: string, code: number | null): void {
    ended.value = new Map(ended.value).set(id, code)
  }

  /** How a terminal ended; empty while it runs. */
  function endOf(id: string): string {
    const code = ended.value.get(id)
    if (code === undefined) return ''
    return code === null ? t('host.terminal.endedUnknown') : t('host.terminal.ended', { code })
  }

  return { loaded, open, shown, isOpening, labelOf, add, close, noteEnd, endOf }
}
