import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { HostId } from '#engine/protocol/index.ts'
import { toCodedError } from '#engine/protocol/index.ts'
import { useWorkbench } from '@/workbench/index.ts'
import type { AsyncState } from '@/workbench/async-state.ts'

export interface RawColumns {
  readonly columns: readonly string[]
  readonly cells: readonly (readonly string[])[]
}

/** The path may still be in typing. */
const QUIET_MS = 250
/** All fields of a form ask for the same file at once; later it is worth another look. */
const FRESH_MS = 2000

const asked = new Map<string, { readonly at: number; readonly answer: Promise<RawColumns> }>()

/** Columns and first rows of the raw data at a path, read anew when it changes; idle without one. */
export function useRawColumns(host: Readonly<Ref<HostId>>, path: Readonly<Ref<string | null>>) {
  const workbench = useWorkbench()
  const state = shallowRef<AsyncState<RawColumns>>({ kind: 'idle' })
  let timer: ReturnType<typeof setTimeout> | undefined

  function read(on: HostId, input: string): Promise<RawColumns> {
    const key = JSON.stringify([on, input])
    const known = asked.get(key)
    if (known && performance.now() - known.at < FRESH_MS) return known.answer
    const answer = workbench.datasets.columns({ host: on, input })
    asked.set(key, { at: performance.now(), answer })
    return answer
  }

  async function load(on: HostId, input: string) {
    const isCurrent = () => host.value === on && path.value === input
    try {
      const value = await read(on, input)
      if (isCurrent()) state.value = { kind: 'ready', value }
    } catch (error) {
      if (isCurrent()) state.value = { kind: 'failed', error: toCodedError(error) }
    }
  }

  watch(
    [host, path],
    ([on, input]) => {
      clearTimeout(timer)
      state.value = input === null ? { kind: 'idle' } : { kind: 'loading' }
      if (input !== null) timer = setTimeout(() => void load(on, input), QUIET_MS)
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(timer))
  const reload = () => {
    if (path.value === null) return
    asked.clear()
    state.value = { kind: 'loading' }
    void load(host.value, path.value)
  }
  return { state, reload }
}
