import { onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { StepView } from '#contract/runs.ts'
import { type CodedError, type RunId, toCodedError } from '#engine/protocol/index.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { follow } from '@/workbench/follow.ts'
import { onFrame } from '../on-frame.ts'
import { hasStarted } from '../run-facts.ts'
import { fromBase64 } from '@/workbench/base64.ts'
import { OutputModel } from './output-model.ts'

interface Reader {
  readonly model: OutputModel
  readonly error: { value: CodedError | null }
  isReading: boolean
}

/**
 * Output of the step on screen. What was read of other steps is kept, so going back to one costs nothing; each is read
 * from where it stands to its end, once. `version` grows, at most once per frame, when there is more to draw.
 */
export function useRunOutput(run: () => RunId, step: () => StepView) {
  const workbench = useWorkbench()
  const readers = new Map<string, Reader>()
  const stopped = new AbortController()
  const version = ref(0)
  const current = shallowRef<Reader | null>(null)
  const drawSoon = onFrame(() => (version.value += 1))
  onScopeDispose(() => stopped.abort())

  /** A step that was started anew after a restart has another output. */
  const keyOf = ({ id, attempt = 1 }: StepView): string => `${id}.${attempt}`

  async function read(id: string, reader: Reader) {
    reader.isReading = true
    reader.error.value = null
    await follow({
      open: (signal) => workbench.runs.output({ id: run(), step: id, from: reader.model.end }, { signal }),
      take: (chunk) => {
        reader.model.append(chunk.offset, fromBase64(chunk.data))
        if (current.value === reader) drawSoon()
      },
      failed: (reason) => (reader.error.value = toCodedError(reason)),
      whenOnline: workbench.whenOnline,
      signal: stopped.signal,
    })
    reader.isReading = false
    drawSoon()
  }

  watch(
    () => [step().id, keyOf(step()), hasStarted(step())] as const,
    ([id, key, started]) => {
      let reader = readers.get(key)
      if (!reader) {
        reader = { model: new OutputModel(), error: shallowRef(null), isReading: false }
        readers.set(key, reader)
        if (started) void read(id, reader)
      } else if (started && !reader.isReading && reader.model.end < step().outputBytes) {
        void read(id, reader)
      }
      current.value = reader
      version.value += 1
    },
    { immediate: true },
  )

  const retry = () => {
    if (current.value && !current.value.isReading) void read(step().id, current.value)
  }
  return { current, version, retry }
}
