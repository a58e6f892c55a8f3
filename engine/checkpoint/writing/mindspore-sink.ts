import type { Dtype } from '../../protocol/passport.ts'
import { mindsporeNames } from '../formats/mindspore-types.ts'
import type { MindsporeWriter } from '../formats/mindspore-write.ts'
import type { PlannedEntry } from '../layouts/plan.ts'
import type { TensorSink } from './copy-steps.ts'

/** Names each tensor of a stream in its turn. */
export function sinkOf(writer: MindsporeWriter, entries: readonly PlannedEntry[], dtype: Dtype): TensorSink {
  let next = 0
  return {
    begin: (bytes: number) => {
      const { name, shape } = entries[next++] as PlannedEntry
      return writer.begin({ name, shape, type: mindsporeNames[dtype] }, bytes)
    },
    write: writer.write.bind(writer),
    end: () => Promise.resolve(),
  }
}
