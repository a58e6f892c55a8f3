import { AppError, type CodedError, toCodedError } from '#engine/protocol/index.ts'
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'

export type AsyncState<T> =
  | { readonly kind: 'idle' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: CodedError }

export const failed = (error: unknown): AsyncState<never> => ({ kind: 'failed', error: toCodedError(error) })

const isCancelled = (error: unknown) => error instanceof AppError && error.code === 'cancelled'

export interface AsyncHandle<T> {
  readonly state: Readonly<ShallowRef<AsyncState<T>>>
  /** Loads anew and drops what an earlier load may still bring; a value that is shown stays until then. */
  reload(): Promise<void>
}

/** Loads once at the start and on `reload`; ends with the scope that it was made in. */
export function useAsync<T>(load: (signal: AbortSignal) => Promise<T>): AsyncHandle<T> {
  const state = shallowRef<AsyncState<T>>({ kind: 'loading' })
  let abort = new AbortController()
  const reload = async () => {
    abort.abort()
    abort = new AbortController()
    const { signal } = abort
    if (state.value.kind !== 'ready') state.value = { kind: 'loading' }
    try {
      const value = await load(signal)
      if (!signal.aborted) state.value = { kind: 'ready', value }
    } catch (error) {
      if (!signal.aborted && !isCancelled(error)) state.value = failed(error)
    }
  }
  void reload()
  onScopeDispose(() => abort.abort())
  return { state, reload }
}
