import { z } from 'zod'
import { CodedError } from '../protocol/errors/index.ts'

/**
 * What travels besides plain calls. A call is the request `<topic>.<member>` with `{ input }`. A subscription is the
 * request `$/open`; then the server notifies `$/item`, `$/snapshot` and `$/end`, the client `$/ack` and `$/close`.
 */
export const OPEN = '$/open'
export const ITEM = '$/item'
export const SNAPSHOT = '$/snapshot'
export const END = '$/end'
export const ACK = '$/ack'
export const CLOSE = '$/close'

/** Frames a server sends ahead of the reader's acknowledgement. Items are at most about 64 KiB by convention. */
export const CREDITS = 16

export const methodOf = (topic: string, member: string) => `${topic}.${member}`

/** Ids count up per connection, chosen by the client. */
const sub = z.number().int().nonnegative()

export const OpenFrame = z.object({ sub, method: z.string(), input: z.unknown() })
export const ItemFrame = z.object({ sub, n: z.number().int().positive(), item: z.unknown() })
export const SnapshotFrame = z.object({ sub, n: z.number().int().nonnegative(), value: z.unknown() })
export const EndFrame = z.object({ sub, error: CodedError.optional() })
export const AckFrame = z.object({ sub, n: z.number().int().nonnegative() })
export const CloseFrame = z.object({ sub })
export const CallFrame = z.object({ input: z.unknown() })
