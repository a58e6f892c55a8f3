import type { HostId, Text } from '#engine/protocol/index.ts'
import type { NpuAlert } from '#contract/index.ts'
import { computed, watch } from 'vue'
import { t, text } from '@/i18n/index.ts'
import { announce, notify } from '@/shell/notifications.ts'
import { useProblems } from '@/shell/problems.ts'
import { useTabs } from '@/shell/tabs.ts'
import { useHosts } from '@/workbench/stores.ts'
import { NPU_BOARD, openHost, openNpuBoard } from '../open.ts'
import { useNpus } from './use-npus.ts'

/** As often as the history samples anyway, so that watching for alerts costs a host nothing. */
const PERIOD_MS = 30_000

/** Tells of alerts of all hosts wherever the user is: each once when it begins, and all under Problems. */
export function useAlertNotices(): void {
  const npus = useNpus(PERIOD_MS)
  const hosts = useHosts()
  const tabs = useTabs()
  const nameOf = (host: HostId): Text => hosts.byId(host)?.name ?? { en: host, 'zh-CN': host }
  const alerts = computed<readonly NpuAlert[] | null>(() =>
    npus.state.value.kind === 'ready' ? npus.state.value.value.flatMap((host) => host.alerts) : null,
  )

  useProblems(() => ({
    id: 'npu-alerts',
    title: t('host.board.title'),
    open: openNpuBoard,
    findings: (alerts.value ?? []).map(({ host, kind, text: says }) => {
      const name = nameOf(host)
      const said = { en: `${name.en}: ${says.en}`, 'zh-CN': `${name['zh-CN']}：${says['zh-CN']}` }
      return { level: 'error', code: `npu.${kind}`, text: said }
    }),
  }))

  /** The pages that show alerts of all hosts, and that of the host itself. */
  const isInSight = (host: HostId): boolean =>
    [NPU_BOARD, 'hosts'].includes(tabs.active?.kind ?? '') ||
    (tabs.active?.kind === 'host' && tabs.active.props['id'] === host)
  function tell(host: HostId, begun: readonly NpuAlert[]): void {
    const title = t('host.npu.alertsOf', { host: text(nameOf(host)) }, begun.length)
    const words = begun.map((alert) => text(alert.text)).join(' ')
    if (isInSight(host)) announce(`${title}: ${words}`)
    else {
      const action = { label: t('host.npu.show'), run: () => openHost(host, 'npus') }
      // It goes by itself: what lasts stands under Problems.
      notify({ level: 'warn', title, text: words, action })
    }
  }

  let known: ReadonlySet<string> | null = null
  watch(
    alerts,
    (list) => {
      if (list === null) return
      // What was there before the page is under Problems; only what begins is told.
      const begun = known === null ? [] : list.filter(({ id }) => known?.has(id) === false)
      known = new Set(list.map(({ id }) => id))
      for (const host of new Set(begun.map((alert) => alert.host))) {
        tell(
          host,
          begun.filter((alert) => alert.host === host),
        )
      }
    },
    { immediate: true },
  )
}
