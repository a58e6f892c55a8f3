import { parentPort, type Transferable } from 'node:worker_threads'
import { toCodedError } from '../protocol/errors/index.ts'
import type { ThreadAnswer } from './pool.ts'

/** The reply to a request, with the buffers that move to who asked. */
export interface ThreadReply<Reply> {
  readonly reply: Reply
  readonly transfer?: readonly Transferable[]
}

/**
 * In a thread of a `ThreadPool`: answers each request. Errors go to who asked, those of the setup to every request.
 * @param setup makes the handler, once
 */
export function serveRequests<Request, Reply>(
  setup: () => Promise<(request: Request) => ThreadReply<Reply> | Promise<ThreadReply<Reply>>>,
): void {
  const ready = setup()
  // It is reported by the first request.
  ready.catch(() => undefined)
  parentPort?.on('message', (request: Request) => void answer(request))

  async function answer(request: Request): Promise<void> {
    try {
      const handle = await ready
      const { reply, transfer = [] } = await handle(request)
      parentPort?.postMessage({ reply } satisfies ThreadAnswer<Reply>, transfer)
    } catch (error) {
      parentPort?.postMessage({ error: toCodedError(error) } satisfies ThreadAnswer<Reply>)
    }
  }
}
