import { serveRequests } from '../workers/serve.ts'
import { TensorComparison } from './compare-tensor.ts'
import type { LentFile } from './formats/random-file.ts'
import { revive, type SourceRecipe } from './sources/recipe.ts'
import { progressInThread, type SharedCounters } from './sources/shared-progress.ts'

export interface CompareSetup {
  readonly checkpoint: SourceRecipe
  readonly against: SourceRecipe
  readonly files: readonly LentFile[]
  readonly shared: SharedCounters
}

export interface CompareRequest {
  readonly tensor: string
}

export interface CompareReply {
  readonly count: number
}

/** In the thread: compares one tensor after the other. */
export function serveComparing(data: unknown): void {
  const { checkpoint, against, files, shared } = data as CompareSetup
  serveRequests<CompareRequest, CompareReply>(() => {
    const sides = [revive(checkpoint, files).source, revive(against, files).source] as const
    const comparison = new TensorComparison(...sides, progressInThread(shared), 0)
    return Promise.resolve(async ({ tensor }: CompareRequest) => ({ reply: { count: await comparison.count(tensor) } }))
  })
}
