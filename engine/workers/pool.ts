import type { ResourceLimits, Transferable, Worker } from 'node:worker_threads'
import { AppError, type CodedError, fromCodedError } from '../protocol/errors/index.ts'
import { startThread, type WorkerRole } from './threads.ts'

/** What a thread answers: its reply, or the error that the request ended with. */
export type ThreadAnswer<Reply> = { readonly reply: Reply } | { readonly error: CodedError }

interface Job<Request, Reply> {
  readonly request: Request
  readonly transfer: readonly Transferable[]
  readonly answer: PromiseWithResolvers<Reply>
}

/**
 * Threads that answer requests, each one at a time. Requests wait for the next thread that is free, in order. The
 * side of the thread is `serveRequests`.
 */
export class ThreadPool<Request, Reply> {
  readonly #threads: readonly Worker[]
  readonly #free: Worker[] = []
  readonly #queue: Job<Request, Reply>[] = []
  readonly #running = new Map<Worker, Job<Request, Reply>>()
  #failure: AppError | undefined

  /** @param data goes to each thread when it starts, by structured clone */
  constructor(role: WorkerRole, size: number, data: object, limits: ResourceLimits = {}) {
    this.#threads = Array.from({ length: size }, () => startThread(role, data, limits))
    for (const thread of this.#threads) {
      this.#free.push(thread)
      thread.on('message', (answer: ThreadAnswer<Reply>) => this.#take(thread, answer))
      thread.on('error', (error: Error) => this.#fail(error.message))
      thread.on('exit', (code) => this.#fail(`exit code ${code}`))
    }
  }

  get size(): number {
    return this.#threads.length
  }

  /**
   * The reply to a request. It may be asked for at any time; a pool that ended rejects it.
   * @param transfer buffers that move to the thread
   * @throws what the thread answers with; thread.ended when it died, cancelled after `close`
   */
  run(request: Request, transfer: readonly Transferable[] = []): Promise<Reply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    const answer = Promise.withResolvers<Reply>()
    this.#queue.push({ request, transfer, answer })
    this.#feed()
    return answer.promise
  }

  /** Ends all threads at once; what they had not answered is rejected as cancelled. */
  async close(): Promise<void> {
    this.#end(new AppError('cancelled'))
    await Promise.all(this.#threads.map((thread) => thread.terminate()))
  }

  #feed(): void {
    while (this.#free.length > 0) {
      const job = this.#queue.shift()
      if (job === undefined) return
      const thread = this.#free.shift()
      if (thread === undefined) return
      this.#running.set(thread, job)
      thread.postMessage(job.request, job.transfer)
    }
  }

  #take(thread: Worker, answer: ThreadAnswer<Reply>): void {
    const job = this.#running.get(thread)
    this.#running.delete(thread)
    this.#free.push(thread)
    this.#feed()
    if ('reply' in answer) job?.answer.resolve(answer.reply)
    else job?.answer.reject(fromCodedError(answer.error))
  }

  #fail(reason: string): void {
    this.#end(new AppError('thread.ended', { reason }))
  }

  #end(failure: AppError): void {
    if (this.#failure !== undefined) return
    this.#failure = failure
    this.#free.length = 0
    for (const { answer } of [...this.#running.values(), ...this.#queue]) answer.reject(failure)
    this.#running.clear()
    this.#queue.length = 0
  }
}
