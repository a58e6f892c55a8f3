import type { StateSource } from '#engine/rpc/topic.ts'

/** A state from how to read it now and how to hear of changes. */
export const source = <S, D>(
  snapshot: () => S | Promise<S>,
  subscribe: (emit: (delta: D) => void) => Disposable,
): StateSource<S, D> => ({ snapshot, subscribe })
