import { z } from 'zod'
import { CodedError, HostId, Timestamp } from '#engine/protocol/index.ts'
import { contents as engineContents, type TailEvent } from '#engine/protocol/contents.ts'
import { call, state, stream, topic } from '#engine/rpc/topic.ts'

export type { TailEvent }
export type { TextFile } from '#engine/protocol/contents.ts'

const nothing = z.object({})
const count = z.number().int().nonnegative()

export const TransferId = z.string().min(1)

/** What becomes of a file whose name is taken at the target. `keepBoth` gives what arrives another name. */
export const OverwritePolicy = z.enum(['skip', 'replace', 'keepBoth'])
export type OverwritePolicy = z.infer<typeof OverwritePolicy>

/** `upload` goes from this computer to the host, `download` the other way. */
export const TransferRequest = z.object({
  host: HostId,
  direction: z.enum(['upload', 'download']),
  /** Files and folders on the side that is read; empty for what was staged. */
  sources: z.array(z.string().min(1)),
  /** What the page itself has brought, see `stage`. */
  stage: z.string().optional(),
  /** An existing or new folder on the side that is written. */
  target: z.string().min(1),
})
export type TransferRequest = z.infer<typeof TransferRequest>

export const ActiveFile = z.object({
  path: z.string(),
  bytes: count,
  total: count,
  /** Bytes per second over the last seconds. */
  rate: z.number().nonnegative(),
})
export type ActiveFile = z.infer<typeof ActiveFile>

/** `waiting`: the link is lost; it goes on by itself where it was. */
export const TransferState = z.enum(['queued', 'scanning', 'running', 'waiting', 'done', 'failed', 'cancelled'])
export type TransferState = z.infer<typeof TransferState>

export const TransferView = z.object({
  id: TransferId,
  host: HostId,
  direction: z.enum(['upload', 'download']),
  /** Name of the first of what is transferred. */
  name: z.string(),
  sources: count,
  target: z.string(),
  state: TransferState,
  files: z.object({ total: count, done: count, skipped: count, failed: count }),
  bytes: z.object({ total: count, done: count }),
  rate: z.number().nonnegative(),
  active: z.array(ActiveFile),
  /** The first of them. */
  failures: z.array(z.object({ path: z.string(), error: CodedError })),
  /** Why all of it failed, or what is waited for. */
  error: CodedError.optional(),
  createdAt: Timestamp,
  endedAt: Timestamp.optional(),
})
export type TransferView = z.infer<typeof TransferView>

export const TransferDelta = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('changed'), transfer: TransferView }),
  z.object({ kind: z.literal('removed'), id: TransferId }),
])
export type TransferDelta = z.infer<typeof TransferDelta>

const id = z.object({ id: TransferId })

/** Files and folders on their way between this computer and a host. */
export const transfers = topic('transfers', {
  watch: state(nothing, z.array(TransferView), TransferDelta),
  /** Names that are taken at the target, to be asked about before `start`. */
  check: call(TransferRequest, z.object({ taken: z.array(z.string()) })),
  start: call(TransferRequest.extend({ policy: OverwritePolicy }), id),
  cancel: call(id, nothing),
  /** What is left of a failed or cancelled one; what has arrived is not sent again. */
  retry: call(id, nothing),
  /** Forgets one that has ended, or all of them. */
  clear: call(z.object({ id: TransferId.optional() }), nothing),
  /**
   * A piece of a file that the page holds and main cannot read by its path. Without a stage a new one is made; `path`
   * is relative, with slashes. Pieces of a file come in order.
   */
  stage: call(
    z.object({ stage: z.string().optional(), path: z.string().min(1), offset: count, data: z.string().max(2 << 20) }),
    z.object({ stage: z.string() }),
  ),
  /** Gives up what was staged and not started. */
  unstage: call(z.object({ stage: z.string() }), nothing),
})

const host = z.object({ host: HostId })
const { readText, writeText, makeFolder, measure, rename, remove, tail } = engineContents.members

/** Texts of a host's files, and what becomes of files and folders. */
export const contents = topic('contents', {
  readText: call(readText.input.extend(host.shape), readText.output),
  writeText: call(writeText.input.extend(host.shape), writeText.output),
  makeFolder: call(makeFolder.input.extend(host.shape), makeFolder.output),
  measure: call(measure.input.extend(host.shape), measure.output),
  rename: call(rename.input.extend(host.shape), rename.output),
  remove: call(remove.input.extend(host.shape), remove.output),
  tail: stream(tail.input.extend(host.shape), tail.item),
})
