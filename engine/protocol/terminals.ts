import { z } from 'zod'
import { call, stream, topic } from '../rpc/topic.ts'
import { Timestamp } from './text.ts'

export const TerminalId = z.string().regex(/^[a-z0-9]{6,32}$/)
export type TerminalId = z.infer<typeof TerminalId>

/** Characters. */
export const TerminalSize = z.object({
  columns: z.number().int().min(2).max(1000),
  rows: z.number().int().min(1).max(500),
})
export type TerminalSize = z.infer<typeof TerminalSize>

const container = z.string().regex(/^[A-Za-z0-9][\w.-]*$/)

/** A shell that runs on the host whether anybody looks or not. */
export const TerminalInfo = z.object({ id: TerminalId, container: container.nullable(), createdAt: Timestamp })
export type TerminalInfo = z.infer<typeof TerminalInfo>

/** Bytes of the terminal from `offset` on, base64. The last item has `exitCode`, null when it is not known. */
export const TerminalOutput = z.object({
  offset: z.number().int().nonnegative(),
  data: z.string(),
  exitCode: z.number().int().nullable().optional(),
})
export type TerminalOutput = z.infer<typeof TerminalOutput>

const id = z.object({ id: TerminalId })
const nothing = z.object({})

export const terminals = topic('terminals', {
  list: call(nothing, z.array(TerminalInfo)),
  /** A login shell of the user, or a shell in a container that runs. */
  open: call(TerminalSize.extend({ container: container.nullable().default(null) }), TerminalInfo),
  /**
   * From a byte offset, or from the oldest byte that is kept where that is later; then what comes. A reader that is slow
   * slows the program down, so nothing is lost while somebody reads; without a reader the oldest bytes go.
   */
  output: stream(id.extend({ from: z.number().int().nonnegative() }), TerminalOutput),
  /** Keys and pastes, base64. */
  input: call(id.extend({ data: z.string().max(90_000) }), nothing),
  resize: call(id.extend(TerminalSize.shape), nothing),
  /** Hangs up: the shell and what it runs end. */
  close: call(id, nothing),
})
