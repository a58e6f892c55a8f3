import { defineStore } from 'pinia'
import { computed } from 'vue'
import { z } from 'zod'
import { remembered } from './layout.ts'

const Tab = z.object({ kind: z.string(), id: z.string(), props: z.record(z.string(), z.unknown()).default({}) })
/** A place that is open. Its props are plain JSON, so that it can be opened again after a restart. */
export type Tab = z.infer<typeof Tab>

const Tabs = z.object({ list: z.array(Tab), activeId: z.string().nullable(), history: z.array(z.string()).default([]) })
const HOME: Tab = { kind: 'home', id: 'home', props: {} }
const LONGEST_HISTORY = 50

export const useTabs = defineStore('tabs', () => {
  const saved = remembered('tabs', Tabs, { list: [HOME], activeId: HOME.id, history: [] })
  const list = computed<readonly Tab[]>(() => saved.value.list)
  const active = computed<Tab | undefined>(() => list.value.find(({ id }) => id === saved.value.activeId))

  function activate(id: string): void {
    const { list, history } = saved.value
    if (!list.some((tab) => tab.id === id)) return
    saved.value = { list, activeId: id, history: [...history.filter((h) => h !== id), id].slice(-LONGEST_HISTORY) }
  }

  /** Opens a tab beside the active one, or goes to the one that is open already and hands it the new props. */
  function open({ kind, id, props }: { kind: string; id: string; props?: Record<string, unknown> }): void {
    const { list, activeId } = saved.value
    const index = list.findIndex((tab) => tab.id === id)
    const known = list[index]
    const tab: Tab = { kind, id, props: props ?? known?.props ?? {} }
    const next = known ? list.with(index, tab) : list.toSpliced(list.findIndex((t) => t.id === activeId) + 1, 0, tab)
    saved.value = { ...saved.value, list: next }
    activate(id)
  }

  /** Closes a tab; the one that was looked at before it comes to the front. The last tab gives way to the home view. */
  function close(id: string): void {
    const { list, activeId, history } = saved.value
    const index = list.findIndex((tab) => tab.id === id)
    if (index === -1) return
    const left = list.toSpliced(index, 1)
    const next = left.length > 0 ? left : [HOME]
    const earlier = history.filter((h) => next.some((tab) => tab.id === h))
    const neighbour = next[Math.min(index, next.length - 1)] ?? HOME
    saved.value = {
      list: next,
      history: earlier,
      activeId: activeId === id ? (earlier.at(-1) ?? neighbour.id) : activeId,
    }
  }

  function updateProps(id: string, props: Record<string, unknown>): void {
    saved.value = { ...saved.value, list: saved.value.list.map((tab) => (tab.id === id ? { ...tab, props } : tab)) }
  }

  /** Moves a tab to another place. */
  function move(id: string, to: number): void {
    const index = list.value.findIndex((tab) => tab.id === id)
    const tab = list.value[index]
    if (tab) saved.value = { ...saved.value, list: list.value.toSpliced(index, 1).toSpliced(to, 0, tab) }
  }

  /** The tab `by` places further, around the ends. */
  function step(by: number): void {
    const index = list.value.findIndex(({ id }) => id === saved.value.activeId)
    const next = list.value.at((index + by + list.value.length) % list.value.length)
    if (next) activate(next.id)
  }

  return { list, active, activate, open, close, updateProps, move, step }
})
