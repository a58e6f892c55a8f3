import type { HostNpus } from '#contract/index.ts'
import { computed, type ComputedRef } from 'vue'
import { useWorkbench } from '@/workbench/index.ts'
import { useTopicState } from '@/workbench/topic-state.ts'
import { chipState, type ChipState } from './chips.ts'

const PERIOD_MS = 3000

const replaced = (list: readonly HostNpus[], host: HostNpus): HostNpus[] => [
  ...list.filter((other) => other.host !== host.host),
  host,
]

/** The NPUs of all hosts, live while the component is there. */
export function useNpus(periodMs = PERIOD_MS) {
  const { npus } = useWorkbench()
  const state = useTopicState<HostNpus[], { kind: 'changed'; host: HostNpus }>(
    (observer) => npus.watch({ periodMs }, observer),
    (list, { host }) => replaced(list, host),
  )
  const of = (id: string): HostNpus | undefined =>
    state.value.kind === 'ready' ? state.value.value.find(({ host }) => host === id) : undefined
  return { state, of }
}

/** The chips of a host's last sample, in the order of the tool. */
export const useChips = (host: () => HostNpus | undefined): ComputedRef<ChipState[]> =>
  computed(() => {
    const table = host()?.sample?.table
    return (table?.npus ?? []).map((chip) => chipState(chip, table?.processes ?? []))
  })
