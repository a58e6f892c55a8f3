import type { ZodType } from 'zod'
import { AppError, toCodedError } from '../protocol/errors/index.ts'
import {
  ACK,
  AckFrame,
  CallFrame,
  CLOSE,
  CloseFrame,
  CREDITS,
  END,
  ITEM,
  methodOf,
  OPEN,
  OpenFrame,
  SNAPSHOT,
} from './frames.ts'
import { Peer } from './peer.ts'
import type { CallContext, Handlers, Members, StateSource, StreamSink, Topic } from './topic.ts'
import type { MessageTransport } from './transport.ts'

type AnyHandler = (input: unknown, second: unknown, third?: unknown) => unknown

/** A topic with its handlers, ready to be served on any number of transports. */
export interface Service {
  readonly topic: Topic
  readonly handlers: Readonly<Record<string, AnyHandler>>
}

export const implement = <M extends Members>(topic: Topic<M>, handlers: Handlers<M>): Service => ({
  topic,
  handlers: handlers as unknown as Service['handlers'],
})

/**
 * Serves topics over one transport until it closes. Inputs are parsed before a handler sees them; a wrong one is
 * answered with `input.invalid`, an unknown member with `rpc.unknown`, anything thrown with its code.
 */
export function serve(transport: MessageTransport, services: readonly Service[]): Disposable {
  const peer = new Peer(transport)
  const subscriptions = new Subscriptions(peer, services)
  for (const { topic, handlers } of services) {
    for (const [name, member] of Object.entries(topic.members)) {
      if (member.kind !== 'call') continue
      const method = methodOf(topic.name, name)
      const handler = handlers[name] as AnyHandler
      peer.onRequest(method, async (params, signal) => {
        const input = parseInput(method, member.input, CallFrame.parse(params).input)
        return await handler(input, { signal })
      })
    }
  }
  peer.onRequest(OPEN, async (params) => subscriptions.open(OpenFrame.parse(params)))
  peer.onNotification(ACK, (params) => subscriptions.ack(AckFrame.parse(params)))
  peer.onNotification(CLOSE, (params) => subscriptions.close(CloseFrame.parse(params).sub))
  peer.closed.addEventListener('abort', () => subscriptions.closeAll(), { once: true })
  peer.listen()
  return peer
}

/** Parses at the border; the error names the call and the first wrong field. */
export function parseInput(method: string, schema: ZodType, input: unknown): unknown {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const reason = issue ? `${issue.path.join('.') || 'input'}: ${issue.message}` : 'unreadable'
  throw new AppError('input.invalid', { subject: method, reason })
}

interface Subscription {
  readonly abort: AbortController
  readonly credit: Credit
}

class Subscriptions {
  readonly #open = new Map<number, Subscription>()
  readonly #peer: Peer
  readonly #members = new Map<string, { service: Service; name: string }>()

  constructor(peer: Peer, services: readonly Service[]) {
    this.#peer = peer
    for (const service of services) {
      for (const name of Object.keys(service.topic.members)) {
        this.#members.set(methodOf(service.topic.name, name), { service, name })
      }
    }
  }

  open({ sub, method, input }: { sub: number; method: string; input: unknown }): object {
    const found = this.#members.get(method)
    const member = found?.service.topic.members[found.name]
    if (!found || !member || member.kind === 'call') throw new AppError('rpc.unknown', { name: method })
    if (this.#open.has(sub))
      throw new AppError('input.invalid', { subject: method, reason: `subscription ${sub} is in use` })
    const parsed = parseInput(method, member.input, input)
    const subscription = { abort: new AbortController(), credit: new Credit() }
    this.#open.set(sub, subscription)
    const handler = found.service.handlers[found.name] as AnyHandler
    const running =
      member.kind === 'stream'
        ? this.#stream(sub, subscription, handler, parsed)
        : this.#state(sub, subscription, handler, parsed)
    running.then(
      () => this.#end(sub),
      (error: unknown) => this.#end(sub, error),
    )
    return {}
  }

  ack({ sub, n }: { sub: number; n: number }): void {
    this.#open.get(sub)?.credit.acked(n)
  }

  close(sub: number, reason = new AppError('cancelled')): void {
    const subscription = this.#open.get(sub)
    if (!subscription) return
    this.#open.delete(sub)
    subscription.abort.abort(reason)
    subscription.credit.cancel()
  }

  closeAll(): void {
    for (const sub of [...this.#open.keys()]) this.close(sub, new AppError('rpc.closed'))
  }

  #end(sub: number, error?: unknown): void {
    if (!this.#open.has(sub)) return
    this.close(sub)
    this.#peer.notify(END, error === undefined ? { sub } : { sub, error: toCodedError(error) })
  }

  async #stream(sub: number, { abort, credit }: Subscription, handler: AnyHandler, input: unknown): Promise<void> {
    const sink: StreamSink<unknown> = {
      push: async (item) => {
        await credit.take()
        this.#peer.notify(ITEM, { sub, n: credit.sent, item })
      },
    }
    await handler(input, sink, { signal: abort.signal } satisfies CallContext)
  }

  /** Deltas that find no credit are replaced by one snapshot as soon as the reader has caught up. */
  async #state(sub: number, { abort, credit }: Subscription, handler: AnyHandler, input: unknown): Promise<void> {
    const source = (await handler(input, { signal: abort.signal } satisfies CallContext)) as StateSource<
      unknown,
      unknown
    >
    if (abort.signal.aborted) return
    let isSnapshotDue = true
    let pending: unknown[] = []
    const wake = new Wake()
    using _subscribed = source.subscribe((delta) => {
      if (isSnapshotDue) return
      pending.push(delta)
      if (pending.length > CREDITS) {
        pending = []
        isSnapshotDue = true
      }
      wake.up()
    })
    abort.signal.addEventListener('abort', () => wake.up(), { once: true })
    while (!abort.signal.aborted) {
      if (isSnapshotDue) {
        await credit.take()
        // Cleared first: a change during the await below is then a delta on top of a snapshot that may hold it already.
        isSnapshotDue = false
        pending = []
        const value = await source.snapshot()
        this.#peer.notify(SNAPSHOT, { sub, n: credit.sent, value })
      } else if (pending.length > 0) {
        await credit.take()
        if (isSnapshotDue) {
          credit.giveBack()
          continue
        }
        this.#peer.notify(ITEM, { sub, n: credit.sent, item: pending.shift() })
      } else {
        await wake.wait()
      }
    }
  }
}

/** Counts frames sent and acknowledged; `take` waits while too many are on their way. */
class Credit {
  sent = 0
  #acked = 0
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = []
  #isCancelled = false

  async take(): Promise<void> {
    while (!this.#isCancelled && this.sent - this.#acked >= CREDITS) {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    }
    if (this.#isCancelled) throw new AppError('cancelled')
    this.sent++
  }

  giveBack(): void {
    this.sent--
  }

  acked(n: number): void {
    this.#acked = Math.min(this.sent, Math.max(this.#acked, n))
    for (const { resolve } of this.#waiting.splice(0)) resolve()
  }

  cancel(): void {
    this.#isCancelled = true
    for (const { reject } of this.#waiting.splice(0)) reject(new AppError('cancelled'))
  }
}

class Wake {
  #resolve: (() => void) | null = null
  #isUp = false

  up(): void {
    this.#isUp = true
    this.#resolve?.()
  }

  async wait(): Promise<void> {
    if (!this.#isUp) await new Promise<void>((resolve) => (this.#resolve = resolve))
    this.#resolve = null
    this.#isUp = false
  }
}
