import { z } from 'zod'
import { call, stream, topic } from '../rpc/topic.ts'

const id = z.object({ id: z.number().int().positive() })
const headers = z.record(z.string(), z.string())

/** A GET that a job on a host without a network would like somebody else to make. */
export const RelayRequest = id.extend({ url: z.url({ protocol: /^https?$/ }), headers })
export type RelayRequest = z.infer<typeof RelayRequest>

/**
 * The way of a host without a network to the web: jobs ask the engine over a socket that only their user can open, the
 * engine asks whoever listens here, and that one answers piece by piece. What may be asked for is decided there.
 */
export const relay = topic('relay', {
  /** Opens the socket for as long as it is read. One reader at a time; a new one takes over. */
  requests: stream(z.object({}), RelayRequest),
  begin: call(id.extend({ status: z.number().int(), headers }), z.object({})),
  /** Base64, at most 256 KiB. Resolves when there is room for more; `isWanted` false: nobody waits for it any more. */
  body: call(id.extend({ data: z.string().max(350_000) }), z.object({ isWanted: z.boolean() })),
  /** With a reason the answer is cut, so that the asker tries again. */
  end: call(id.extend({ reason: z.string().nullable() }), z.object({})),
})
