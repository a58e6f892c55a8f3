import type { HostId } from '#engine/protocol/index.ts'
import type { OverwritePolicy, TransferDelta, TransferRequest, TransferView } from '#contract/index.ts'
import { computed, shallowRef } from 'vue'
import { notifyError } from '@/shell/notifications.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { replaceById, useTopicState } from '@/workbench/topic-state.ts'
import type { DroppedFile } from './dropped-files.ts'

const PIECE_BYTES = 1 << 20

/** In pieces, as the call takes a limited number of arguments. */
function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}

export interface TakenQuestion {
  readonly names: readonly string[]
  answer(policy: OverwritePolicy | null): void
}

/** The transfers of a host while the component is there, and what begins them. */
export function useTransfers(host: () => HostId) {
  const { transfers } = useWorkbench()
  const state = useTopicState<TransferView[], TransferDelta>(
    (observer) => transfers.watch({}, observer),
    (list, delta) =>
      delta.kind === 'removed' ? list.filter(({ id }) => id !== delta.id) : replaceById(list, delta.transfer),
  )
  const list = computed(() =>
    state.value.kind === 'ready' ? state.value.value.filter((one) => one.host === host()).reverse() : [],
  )
  /** What the user is to decide before something begins. */
  const question = shallowRef<TakenQuestion | null>(null)
  /** Name of the file that is being read from the page. */
  const staging = shallowRef<string | null>(null)

  const ask = (names: readonly string[]) =>
    new Promise<OverwritePolicy | null>((resolve) => {
      const answer = (policy: OverwritePolicy | null) => {
        question.value = null
        resolve(policy)
      }
      question.value = { names, answer }
    })

  /** Answers false when the user decided against it, or it failed. */
  async function start(request: TransferRequest): Promise<boolean> {
    try {
      const { taken } = await transfers.check(request)
      const policy = taken.length === 0 ? 'replace' : await ask(taken)
      if (policy === null) return false
      await transfers.start({ ...request, policy })
      return true
    } catch (error) {
      notifyError(error)
      return false
    }
  }

  /** Files that only the page can read go through main in pieces. */
  async function upload(files: readonly DroppedFile[], target: string): Promise<void> {
    let stage: string | undefined
    try {
      for (const { file, path } of files) {
        staging.value = path
        for (let offset = 0; offset === 0 || offset < file.size; offset += PIECE_BYTES) {
          const bytes = new Uint8Array(await file.slice(offset, offset + PIECE_BYTES).arrayBuffer())
          const piece = { path, offset, data: base64(bytes) }
          ;({ stage } = await transfers.stage(stage === undefined ? piece : { ...piece, stage }))
        }
      }
    } catch (error) {
      notifyError(error)
      if (stage !== undefined) await transfers.unstage({ stage }).catch(notifyError)
      return
    } finally {
      staging.value = null
    }
    if (stage === undefined) return
    const isStarted = await start({ host: host(), direction: 'upload', sources: [], stage, target })
    if (!isStarted) await transfers.unstage({ stage }).catch(notifyError)
  }

  const ended = (action: Promise<unknown>) => void action.catch((error: unknown) => notifyError(error))
  return {
    list,
    question,
    staging,
    start,
    upload,
    cancel: (id: string) => ended(transfers.cancel({ id })),
    retry: (id: string) => ended(transfers.retry({ id })),
    clear: () => ended(transfers.clear({})),
  }
}
