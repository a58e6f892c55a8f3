import { HostId, LOCAL_HOST } from '#engine/protocol/index.ts'
import { defineStore } from 'pinia'
import { computed } from 'vue'
import { useHosts } from '../workbench/stores.ts'
import { remembered } from './layout.ts'

/** The host that forms and new runs start with; this computer until another one is chosen. */
export const useCurrentHost = defineStore('current-host', () => {
  const hosts = useHosts()
  const chosen = remembered<HostId>('host', HostId, LOCAL_HOST)
  /** A host that was removed cannot be the current one. */
  const isGone = computed(() => hosts.state.kind === 'ready' && !hosts.byId(chosen.value))
  const id = computed({
    get: () => (isGone.value ? LOCAL_HOST : chosen.value),
    set: (value) => (chosen.value = value),
  })
  const host = computed(() => hosts.byId(id.value))
  return { id, host }
})
