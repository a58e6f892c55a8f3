import { AppError } from '#engine/protocol/index.ts'
import type { StateObserver } from '#engine/rpc/topic.ts'
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import { type AsyncState, failed } from './async-state.ts'

/**
 * A topic's state as a shallow ref: the snapshot, then each delta applied. After a lost connection the last value stays
 * until the next snapshot; the frame tells since when it is old. Ends with the scope that it was made in.
 */
export function useTopicState<S, D>(
  subscribe: (observer: StateObserver<S, D>) => Disposable,
  apply: (value: S, delta: D) => S,
): Readonly<ShallowRef<AsyncState<S>>> {
  const state = shallowRef<AsyncState<S>>({ kind: 'loading' })
  const subscription = subscribe({
    snapshot(value) {
      state.value = { kind: 'ready', value }
    },
    delta(delta) {
      if (state.value.kind === 'ready') state.value = { kind: 'ready', value: apply(state.value.value, delta) }
    },
    error(error) {
      const isLost = error instanceof AppError && error.code === 'rpc.closed'
      if (!isLost) state.value = failed(error)
    },
  })
  onScopeDispose(() => subscription[Symbol.dispose]())
  return state
}

/** The list with one element replaced by the newer one of the same id, or added at the end. */
export function replaceById<T extends { readonly id: string }>(list: readonly T[], item: T): T[] {
  const index = list.findIndex(({ id }) => id === item.id)
  return index === -1 ? [...list, item] : list.with(index, item)
}
