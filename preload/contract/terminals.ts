import { z } from 'zod'
import { HostId, TerminalId } from '#engine/protocol/index.ts'
import { terminals as engineTerminals } from '#engine/protocol/terminals.ts'
import { call, stream, topic } from '#engine/rpc/topic.ts'

const host = z.object({ host: HostId })
const { list, open, input, resize, close, output } = engineTerminals.members

/** The terminals of each host's engine. They go on when the page, this program or the link is gone. */
export const terminals = topic('terminals', {
  list: call(host, list.output),
  open: call(open.input.extend(host.shape), open.output),
  /** Goes on from the next byte after the engine was lost. Ends with the shell. */
  output: stream(host.extend({ id: TerminalId, from: z.number().int().nonnegative() }), output.item),
  input: call(input.input.extend(host.shape), input.output),
  resize: call(resize.input.extend(host.shape), resize.output),
  close: call(close.input.extend(host.shape), close.output),
})
