import { npus as npusContract } from '#contract/index.ts'
import { implement, type Service } from '#engine/rpc/serve.ts'
import type { NpuBoard } from '../monitor/npu-board.ts'
import { source } from './source.ts'

export const npusTopic = (board: NpuBoard): Service =>
  implement(npusContract, {
    watch: ({ periodMs }) =>
      source(
        () => board.list(),
        (emit) => board.watch(periodMs, (host) => emit({ kind: 'changed', host })),
      ),
    recording: ({ host }, { signal }) => board.recording(host, signal),
    record: ({ host, isOn }, { signal }) => board.record(host, isOn, signal),
    history: ({ host, from, to, points }) => board.history(host, from, to, points),
  })
