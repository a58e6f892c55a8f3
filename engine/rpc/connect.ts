import type { ZodType } from 'zod'
import { AppError, fromCodedError } from '../protocol/errors/index.ts'
import { ACK, CLOSE, END, EndFrame, ITEM, ItemFrame, methodOf, OPEN, SNAPSHOT, SnapshotFrame } from './frames.ts'
import { Peer } from './peer.ts'
import type { CallOptions, Client, Members, State, StateObserver, Stream, Topic } from './topic.ts'
import type { MessageTransport } from './transport.ts'

/** The calling end of a border. */
export interface Connection extends Disposable {
  /** Aborted when the transport has closed. */
  readonly closed: AbortSignal
  topic<M extends Members>(topic: Topic<M>): Client<M>
}

interface Receiver {
  item(n: number, item: unknown): void
  snapshot(n: number, value: unknown): void
  end(error?: AppError): void
}

/** Calls topics that the other end serves. Replies and items are parsed as well: a far side is not trusted. */
export function connect(transport: MessageTransport): Connection {
  const peer = new Peer(transport)
  const receivers = new Map<number, Receiver>()
  let lastSub = 0

  peer.onNotification(ITEM, (params) => {
    const { sub, n, item } = ItemFrame.parse(params)
    receivers.get(sub)?.item(n, item)
  })
  peer.onNotification(SNAPSHOT, (params) => {
    const { sub, n, value } = SnapshotFrame.parse(params)
    receivers.get(sub)?.snapshot(n, value)
  })
  peer.onNotification(END, (params) => {
    const { sub, error } = EndFrame.parse(params)
    receivers.get(sub)?.end(error && fromCodedError(error))
    receivers.delete(sub)
  })
  peer.closed.addEventListener(
    'abort',
    () => {
      for (const receiver of receivers.values()) receiver.end(new AppError('rpc.closed'))
      receivers.clear()
    },
    { once: true },
  )
  peer.listen()

  /** Opens a subscription; the returned handle closes it on both sides. */
  const open = (method: string, input: unknown, receiver: Receiver) => {
    const sub = ++lastSub
    receivers.set(sub, receiver)
    peer.request(OPEN, { sub, method, input }).catch((error: unknown) => {
      if (receivers.delete(sub)) receiver.end(error as AppError)
    })
    return {
      ack: (n: number) => peer.notify(ACK, { sub, n }),
      close: () => {
        if (receivers.delete(sub)) peer.notify(CLOSE, { sub })
      },
    }
  }

  const watch = (
    method: string,
    member: State,
    input: unknown,
    observer: StateObserver<unknown, unknown>,
  ): Disposable => {
    /** What cannot be read, or an observer that fails, ends the subscription: going on would show a wrong state. */
    const deliver = (n: number, schema: ZodType, value: unknown, observe: (parsed: unknown) => void) => {
      try {
        observe(parseReply(method, schema, value))
        subscription.ack(n)
      } catch (error) {
        subscription.close()
        observer.error?.(error instanceof Error ? error : new Error(String(error)))
      }
    }
    const subscription = open(method, input, {
      item: (n, item) => deliver(n, member.delta, item, (parsed) => observer.delta(parsed)),
      snapshot: (n, value) => deliver(n, member.snapshot, value, (parsed) => observer.snapshot(parsed)),
      end(error) {
        if (error) observer.error?.(error)
      },
    })
    return { [Symbol.dispose]: () => subscription.close() }
  }

  const follow = (method: string, member: Stream, input: unknown, options?: CallOptions): AsyncIterable<unknown> => ({
    async *[Symbol.asyncIterator]() {
      options?.signal?.throwIfAborted()
      const queue: { n: number; item: unknown }[] = []
      let ended: { error?: AppError } | null = null
      let wake: () => void = () => undefined
      const subscription = open(method, input, {
        item(n, item) {
          queue.push({ n, item })
          wake()
        },
        snapshot() {
          throw new AppError('input.invalid', { subject: method, reason: 'a snapshot arrived on a stream' })
        },
        end(error) {
          ended = error ? { error } : {}
          wake()
        },
      })
      const onAbort = () => wake()
      options?.signal?.addEventListener('abort', onAbort, { once: true })
      try {
        for (;;) {
          if (options?.signal?.aborted) return
          const next = queue.shift()
          if (next) {
            yield parseReply(method, member.item, next.item)
            subscription.ack(next.n)
          } else if (ended) {
            const { error } = ended as { error?: AppError }
            if (error) throw error
            return
          } else {
            await new Promise<void>((resolve) => (wake = resolve))
          }
        }
      } finally {
        options?.signal?.removeEventListener('abort', onAbort)
        subscription.close()
      }
    },
  })

  return {
    closed: peer.closed,
    topic: <M extends Members>(topic: Topic<M>) => {
      const client: Record<string, unknown> = {}
      for (const [name, member] of Object.entries(topic.members)) {
        const method = methodOf(topic.name, name)
        if (member.kind === 'call') {
          client[name] = async (input: unknown, options?: CallOptions) =>
            parseReply(method, member.output, await peer.request(method, { input }, options?.signal))
        } else if (member.kind === 'state') {
          client[name] = (input: unknown, observer: StateObserver<unknown, unknown>) =>
            watch(method, member, input, observer)
        } else {
          client[name] = (input: unknown, options?: CallOptions) => follow(method, member, input, options)
        }
      }
      return Object.freeze(client) as Client<M>
    },
    [Symbol.dispose]: () => peer.dispose(),
  }
}

function parseReply(method: string, schema: ZodType, value: unknown): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new AppError('input.invalid', {
    subject: `the reply to ${method}`,
    reason: issue ? `${issue.path.join('.')}: ${issue.message}` : 'unreadable',
  })
}
