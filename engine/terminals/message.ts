import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { z } from 'zod'

/** What a viewer tells the keeper of a terminal, a JSON line each. */
export const ToKeeper = z.union([
  z.object({ attach: z.number().int().nonnegative() }),
  /** All bytes before this offset have been dealt with. */
  z.object({ ack: z.number().int().nonnegative() }),
  z.object({ input: z.string() }),
  z.object({ columns: z.number().int(), rows: z.number().int() }),
  z.object({ close: z.literal(true) }),
  /** Looks no more, and is not to be waited for. */
  z.object({ leave: z.literal(true) }),
])
export type ToKeeper = z.infer<typeof ToKeeper>

/** What the keeper tells a viewer that has attached. */
export const ToViewer = z.object({
  offset: z.number().int().nonnegative(),
  data: z.string(),
  exitCode: z.number().int().nullable().optional(),
})
export type ToViewer = z.infer<typeof ToViewer>

/** Messages of a socket until it ends. Lines that are none are left out. */
export async function* messagesOf<S extends z.ZodType>(socket: Socket, schema: S): AsyncGenerator<z.infer<S>> {
  for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) {
    const parsed = schema.safeParse(parseLine(line))
    if (parsed.success) yield parsed.data
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

export const send = (socket: Socket, message: ToKeeper | ToViewer): boolean =>
  socket.write(`${JSON.stringify(message)}\n`)
