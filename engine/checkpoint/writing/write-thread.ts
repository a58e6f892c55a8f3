import type { Dtype } from '../../protocol/passport.ts'
import { serveRequests } from '../../workers/serve.ts'
import type { LentFile } from '../formats/random-file.ts'
import { revive, type SourceRecipe } from '../sources/recipe.ts'
import { progressInThread, type SharedCounters } from '../sources/shared-progress.ts'
import { GroupWriter, type FileGroup } from './file-job.ts'
import type { FileDigest } from '../../host/writing/file-sink.ts'
import { HashThread } from './hashing.ts'
import { TensorStream } from './tensor-stream.ts'

export interface WriteSetup {
  readonly recipe: SourceRecipe
  readonly files: readonly LentFile[]
  readonly dtype: Dtype
  readonly folder: string
  readonly shared: SharedCounters
  /** Whether a thread beside this one hashes; groups are single files then. */
  readonly isHashingApart: boolean
}

export interface WriteRequest {
  readonly group: FileGroup
}

export interface WriteReply {
  readonly digests: readonly [string, FileDigest][]
  readonly overflows: ReadonlyMap<string, number>
  /** What the sources counted, by the numbers of the recipe's book. */
  readonly counted: readonly ReadonlyMap<string, number>[]
}

/** In the thread: writes one group after the other. */
export function serveWriting(data: unknown): void {
  const { recipe, files, dtype, folder, shared, isHashingApart } = data as WriteSetup
  serveRequests<WriteRequest, WriteReply>(() => {
    const { source, counted } = revive(recipe, files)
    const stream = new TensorStream(source, dtype, 0, progressInThread(shared))
    const writer = new GroupWriter(folder, stream, isHashingApart ? new HashThread() : undefined)
    return Promise.resolve(async ({ group }: WriteRequest) => {
      const digests = await writer.write(group)
      const reply = { digests, overflows: new Map(stream.overflows), counted: counted.map((map) => new Map(map)) }
      for (const map of [stream.overflows, ...counted]) map.clear()
      return { reply }
    })
  })
}
