import type { z, ZodType } from 'zod'

/**
 * A topic is a table of calls (request, reply), states (snapshot, then numbered deltas) and streams (numbered,
 * never dropped, with credits). Both sides of a border are derived from the same table: see serve.ts and connect.ts.
 */
export interface Call<I extends ZodType = ZodType, O extends ZodType = ZodType> {
  readonly kind: 'call'
  readonly input: I
  readonly output: O
}

export interface State<I extends ZodType = ZodType, S extends ZodType = ZodType, D extends ZodType = ZodType> {
  readonly kind: 'state'
  readonly input: I
  readonly snapshot: S
  readonly delta: D
}

export interface Stream<I extends ZodType = ZodType, T extends ZodType = ZodType> {
  readonly kind: 'stream'
  readonly input: I
  readonly item: T
}

export type Member = Call | State | Stream
export type Members = Readonly<Record<string, Member>>

export interface Topic<M extends Members = Members> {
  readonly name: string
  readonly members: M
}

/** A request with one reply. */
export const call = <I extends ZodType, O extends ZodType>(input: I, output: O): Call<I, O> => ({
  kind: 'call',
  input,
  output,
})

/** A value that changes: the subscriber gets a snapshot first, then deltas; after a gap, a new snapshot. */
export const state = <I extends ZodType, S extends ZodType, D extends ZodType>(
  input: I,
  snapshot: S,
  delta: D,
): State<I, S, D> => ({ kind: 'state', input, snapshot, delta })

/** A sequence that is never dropped. Where it can be resumed, the input carries the number to resume from. */
export const stream = <I extends ZodType, T extends ZodType>(input: I, item: T): Stream<I, T> => ({
  kind: 'stream',
  input,
  item,
})

export const topic = <M extends Members>(name: string, members: M): Topic<M> => ({ name, members })

export interface CallContext {
  /** Aborted when the caller cancels, unsubscribes or the transport closes. */
  readonly signal: AbortSignal
}

/**
 * Where a state handler takes its values from. `subscribe` is called before `snapshot`, so nothing falls between; a
 * delta that the snapshot holds already may follow it, so deltas must bear being applied twice (replace, not add).
 */
export interface StateSource<S, D> {
  snapshot(): S | Promise<S>
  subscribe(emit: (delta: D) => void): Disposable
}

export interface StreamSink<T> {
  /** Resolves when the reader has credit for more: await it, and a slow reader slows the producer. Rejects on close. */
  push(item: T): Promise<void>
}

/** What one side implements for a topic. A stream handler ends the stream by returning and fails it by throwing. */
export type Handlers<M extends Members> = {
  [K in keyof M]: M[K] extends Call<infer I, infer O>
    ? (input: z.output<I>, context: CallContext) => z.input<O> | Promise<z.input<O>>
    : M[K] extends State<infer I, infer S, infer D>
      ? (
          input: z.output<I>,
          context: CallContext,
        ) => StateSource<z.input<S>, z.input<D>> | Promise<StateSource<z.input<S>, z.input<D>>>
      : M[K] extends Stream<infer I, infer T>
        ? (input: z.output<I>, sink: StreamSink<z.input<T>>, context: CallContext) => Promise<void>
        : never
}

export interface StateObserver<S, D> {
  snapshot(value: S): void
  delta(value: D): void
  /** The subscription ended: the far side failed or the transport closed. */
  error?(error: Error): void
}

export interface CallOptions {
  signal?: AbortSignal
}

/** What the other side calls. Breaking out of a stream's iteration, or aborting its signal, closes it on both sides. */
export type Client<M extends Members> = {
  [K in keyof M]: M[K] extends Call<infer I, infer O>
    ? (input: z.input<I>, options?: CallOptions) => Promise<z.output<O>>
    : M[K] extends State<infer I, infer S, infer D>
      ? (input: z.input<I>, observer: StateObserver<z.output<S>, z.output<D>>) => Disposable
      : M[K] extends Stream<infer I, infer T>
        ? (input: z.input<I>, options?: CallOptions) => AsyncIterable<z.output<T>>
        : never
}
