import type { HostId } from '#engine/protocol/index.ts'
import type { RankTableComposition, RankTableRequest, RankTableSurvey } from '#contract/index.ts'
import { computed, onScopeDispose, shallowReactive, shallowRef, watch } from 'vue'
import { text } from '@/i18n/index.ts'
import { remembered } from '@/shell/layout.ts'
import { notifyError } from '@/shell/notifications.ts'
import { useHosts } from '@/workbench/stores.ts'
import { type AsyncState, failed } from '@/workbench/async-state.ts'
import { useWorkbench } from '@/workbench/index.ts'
import {
  freeLabel,
  type HostNode,
  keyOf,
  likelyAddress,
  moved,
  othersOf,
  sourcesOf,
  TableDraft,
  type TableNode,
} from './model.ts'

/** While somebody types, tables are made this long after the last key. */
const PAUSE_MS = 200

/** The draft of a cluster's rank table, what its hosts say, and the tables that come of it. */
export function useRankTables() {
  const { rankTables, hosts: book } = useWorkbench()
  const hosts = useHosts()
  const draft = remembered('rankTables', TableDraft, { nodes: [], path: null })
  const surveys = shallowReactive(new Map<HostId, AsyncState<RankTableSurvey>>())
  const composition = shallowRef<AsyncState<RankTableComposition>>({ kind: 'idle' })
  const abort = new AbortController()
  onScopeDispose(() => abort.abort())

  /** A host that left the book takes its place in the list along. */
  const nodes = computed(() =>
    draft.value.nodes.filter((node) => node.kind === 'text' || hosts.byId(node.host) !== undefined),
  )
  const nameOf = (host: HostId): string => {
    const found = hosts.byId(host)
    return found ? text(found.name) : host
  }
  const isReady = (host: HostId): boolean => hosts.byId(host)?.engine.state === 'ready'
  const stateOf = (host: HostId): AsyncState<RankTableSurvey> => surveys.get(host) ?? { kind: 'idle' }
  const surveyOf = (host: HostId): RankTableSurvey | null => {
    const survey = stateOf(host)
    return survey.kind === 'ready' ? survey.value : null
  }

  async function survey(host: HostId): Promise<void> {
    if (surveyOf(host) === null) surveys.set(host, { kind: 'loading' })
    try {
      const value = await rankTables.survey({ host }, { signal: abort.signal })
      surveys.set(host, { kind: 'ready', value })
    } catch (error) {
      if (!abort.signal.aborted) surveys.set(host, failed(error))
    }
  }

  /** An imported table is compared with every host that has NPUs: it may be of any of them. */
  const asked = computed(() => {
    const isImported = nodes.value.some(({ kind }) => kind === 'text')
    const compared = isImported ? hosts.list.filter(({ facts }) => (facts?.npus.length ?? 0) > 0) : []
    const listed = nodes.value.flatMap((node) => (node.kind === 'host' ? [node.host] : []))
    return [...new Set([...listed, ...compared.map(({ id }) => id)])].filter(isReady)
  })
  watch(
    () => asked.value.join(),
    () => {
      // One that failed is asked again as soon as the host is back.
      for (const host of asked.value) if (!['loading', 'ready'].includes(stateOf(host).kind)) void survey(host)
    },
    { immediate: true },
  )

  const request = computed<RankTableRequest | null>(() => {
    const sources = sourcesOf(nodes.value, surveyOf, nameOf)
    if (sources === null || sources.length === 0) return null
    const known = asked.value.flatMap((host) => {
      const found = surveyOf(host)
      return found ? [{ name: nameOf(host), survey: found }] : []
    })
    return { sources, hosts: known }
  })
  let latest = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(timer))
  const compose = async (mine: number): Promise<void> => {
    const wanted = request.value
    if (wanted === null) return
    try {
      const value = await rankTables.compose(wanted, { signal: abort.signal })
      if (mine === latest) composition.value = { kind: 'ready', value }
    } catch (error) {
      if (mine === latest && !abort.signal.aborted) composition.value = failed(error)
    }
  }
  watch(
    () => JSON.stringify(request.value),
    () => {
      const mine = ++latest
      clearTimeout(timer)
      if (request.value === null) composition.value = { kind: 'idle' }
      else if (composition.value.kind === 'ready') timer = setTimeout(() => void compose(mine), PAUSE_MS)
      else {
        composition.value = { kind: 'loading' }
        void compose(mine)
      }
    },
    { immediate: true },
  )

  const setNodes = (next: TableNode[]) => (draft.value = { ...draft.value, nodes: next })
  const change = (node: TableNode, to: TableNode) =>
    setNodes(nodes.value.map((other) => (keyOf(other) === keyOf(node) ? to : other)))

  return {
    nodes,
    /** Before the book is there, nothing is known of the nodes. */
    isLoading: computed(() => hosts.state.kind === 'loading'),
    composition,
    /** The hosts that are not in the list. */
    others: computed(() =>
      hosts.list.filter(({ id }) => !nodes.value.some((node) => node.kind === 'host' && node.host === id)),
    ),
    /** Where the table goes; null until the user has chosen. */
    path: computed(() => draft.value.path),
    setPath: (path: string) => (draft.value = { ...draft.value, path }),
    nameOf,
    isReady,
    canConnect: (host: HostId): boolean => {
      const state = hosts.byId(host)?.ssh?.link.state
      return state === 'idle' || state === 'failed'
    },
    connect: (host: HostId) => void book.connect({ id: host }).catch((error: unknown) => notifyError(error)),
    stateOf,
    survey,
    /** The address that is used unless another one is given. */
    foundAddress: (node: HostNode): string => {
      const found = surveyOf(node.host)
      return found ? likelyAddress(found, othersOf(node, nodes.value, surveyOf)) : ''
    },
    addHosts: (ids: readonly HostId[]) =>
      setNodes([
        ...nodes.value,
        ...ids.map((host) => ({ kind: 'host' as const, host, serverIp: null, devices: null })),
      ]),
    addText: (name: string, content: string) =>
      setNodes([...nodes.value, { kind: 'text', label: freeLabel(name, nodes.value), text: content }]),
    remove: (node: TableNode) => setNodes(nodes.value.filter((other) => keyOf(other) !== keyOf(node))),
    change,
    move: (from: number, to: number) => setNodes(moved(nodes.value, from, to)),
  }
}
export type RankTables = ReturnType<typeof useRankTables>
