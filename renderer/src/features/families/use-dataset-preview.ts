import { computed, onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { DatasetPreview, HostId } from '#engine/protocol/index.ts'
import { failed, type AsyncState } from '@/workbench/async-state.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { Latest } from './latest.ts'
import type { PreviewRequest } from './preview-request.ts'

const QUIET_MS = 250
const SAMPLES = 3

/**
 * The preview of the data step of a plan. The last answer stays while a newer one is made, so that nothing jumps; a
 * request that nobody waits for any more is cancelled.
 */
export function useDatasetPreview(host: Readonly<Ref<HostId>>, request: Readonly<Ref<PreviewRequest | null>>) {
  const workbench = useWorkbench()
  const state = shallowRef<AsyncState<DatasetPreview>>({ kind: 'idle' })
  const isStale = shallowRef(false)

  const ask = (wanted: PreviewRequest, signal: AbortSignal) => {
    const more = { host: host.value, samples: SAMPLES }
    return wanted.kind === 'megatron'
      ? workbench.datasets.preview({ ...wanted.spec, ...more }, { signal })
      : workbench.datasets.previewRecords({ ...wanted.spec, ...more }, { signal })
  }
  const settle = (next: AsyncState<DatasetPreview>) => {
    state.value = next
    isStale.value = false
  }
  const latest = new Latest<PreviewRequest, DatasetPreview>({
    delayMs: QUIET_MS,
    run: ask,
    done: (value) => settle({ kind: 'ready', value }),
    failed: (error) => settle(failed(error)),
  })
  onScopeDispose(() => latest[Symbol.dispose]())

  function reload() {
    if (request.value === null) {
      latest.cancel()
      settle({ kind: 'idle' })
      return
    }
    if (state.value.kind === 'ready') isStale.value = true
    else state.value = { kind: 'loading' }
    latest.ask(request.value)
  }
  // Every plan brings an equal request anew; only another one is worth reading the file again.
  const key = computed(() => JSON.stringify([host.value, request.value]))
  watch(key, reload, { immediate: true })
  return { state, isStale, reload }
}
