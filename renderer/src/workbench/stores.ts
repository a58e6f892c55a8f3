import {
  type ArtifactView,
  type ChatView,
  type Contract,
  type FamilyView,
  type HostView,
  type PluginView,
  type RunView,
  Settings,
} from '#contract/index.ts'
import type { State } from '#engine/rpc/topic.ts'
import { defineStore } from 'pinia'
import { computed, type ShallowRef } from 'vue'
import type { z, ZodType } from 'zod'
import type { AsyncState } from './async-state.ts'
import { useWorkbench } from './index.ts'
import { replaceById, useTopicState } from './topic-state.ts'

type Delta<K extends keyof Contract> = Contract[K]['members'] extends { watch: State<ZodType, ZodType, infer D> }
  ? z.output<D>
  : never

/** The list of a state that is a list, and its elements by id; empty until the first snapshot. */
function listed<T extends { readonly id: string }>(state: Readonly<ShallowRef<AsyncState<T[]>>>) {
  const list = computed<readonly T[]>(() => (state.value.kind === 'ready' ? state.value.value : []))
  const index = computed(() => new Map(list.value.map((item) => [item.id as string, item])))
  return { state, list, byId: (id: string): T | undefined => index.value.get(id) }
}

const removeById = <T extends { readonly id: string }>(list: readonly T[], id: string) =>
  list.filter((item) => item.id !== id)

/** One subscription per topic, shared by everything on the page. */
export const useHosts = defineStore('hosts', () => {
  const { hosts, engines } = useWorkbench()
  const state = useTopicState<HostView[], Delta<'hosts'>>(
    (observer) => hosts.watch({}, observer),
    (list, delta) => (delta.kind === 'removed' ? removeById(list, delta.id) : replaceById(list, delta.host)),
  )
  return { ...listed(state), restartEngine: engines.restart }
})

export const useFamilies = defineStore('families', () => {
  const { families } = useWorkbench()
  return listed(
    useTopicState<FamilyView[], Delta<'families'>>(
      (observer) => families.watch({}, observer),
      (_, list) => list,
    ),
  )
})

export const usePlugins = defineStore('plugins', () => {
  const { plugins } = useWorkbench()
  const state = useTopicState<PluginView[], Delta<'plugins'>>(
    (observer) => plugins.watch({}, observer),
    (_, list) => list,
  )
  return { ...listed(state), setEnabled: plugins.setEnabled }
})

export const useRuns = defineStore('runs', () => {
  const { runs } = useWorkbench()
  const state = useTopicState<RunView[], Delta<'runs'>>(
    (observer) => runs.watch({}, observer),
    (list, delta) => (delta.kind === 'changed' ? replaceById(list, delta.run) : removeById(list, delta.id)),
  )
  const lists = listed(state)
  /** The newest first. */
  const recent = computed(() => [...lists.list.value].sort((a, b) => b.number - a.number))
  const running = computed(() => recent.value.filter((run) => run.state === 'running' || run.state === 'stopping'))
  return { ...lists, recent, running }
})

export const useArtifacts = defineStore('artifacts', () => {
  const { artifacts } = useWorkbench()
  return listed(
    useTopicState<ArtifactView[], Delta<'artifacts'>>(
      (observer) => artifacts.watch({}, observer),
      (list, delta) => (delta.kind === 'changed' ? replaceById(list, delta.artifact) : removeById(list, delta.id)),
    ),
  )
})

export const useChats = defineStore('chats', () => {
  const { chats } = useWorkbench()
  return listed(
    useTopicState<ChatView[], Delta<'chats'>>(
      (observer) => chats.watch({}, observer),
      (list, delta) => (delta.kind === 'changed' ? replaceById(list, delta.chat) : removeById(list, delta.id)),
    ),
  )
})

export const useSettings = defineStore('settings', () => {
  const { settings } = useWorkbench()
  const state = useTopicState<Settings, Delta<'settings'>>(
    (observer) => settings.watch({}, observer),
    (_, value) => value,
  )
  const defaults = Settings.parse({})
  const current = computed(() => (state.value.kind === 'ready' ? state.value.value : defaults))
  return { state, current, set: settings.set }
})
