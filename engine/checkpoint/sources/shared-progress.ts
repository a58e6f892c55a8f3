import type { TaskContext } from '../../tasks/context.ts'

/** Two numbers of memory that threads share: bytes done, and whether to stop. */
export interface SharedCounters {
  readonly done: BigInt64Array<SharedArrayBuffer>
  readonly stop: Int32Array<SharedArrayBuffer>
}

type Context = Pick<TaskContext, 'signal' | 'log' | 'progress'>

const REPORT_MS = 100

/** Reports what threads count, and stops them when the task is cancelled. */
export class SharedProgress implements Disposable {
  readonly shared: SharedCounters = {
    done: new BigInt64Array(new SharedArrayBuffer(8)),
    stop: new Int32Array(new SharedArrayBuffer(4)),
  }
  readonly #total: number
  readonly #context: Pick<TaskContext, 'signal' | 'progress'> | undefined
  readonly #timer: NodeJS.Timeout
  readonly #onAbort = (): void => this.stop()

  constructor(total: number, context: Pick<TaskContext, 'signal' | 'progress'> | undefined) {
    this.#total = total
    this.#context = context
    this.#timer = setInterval(() => this.#report(), REPORT_MS)
    if (context?.signal.aborted === true) this.stop()
    context?.signal.addEventListener('abort', this.#onAbort)
  }

  /** Threads see it with the next bytes that they report. */
  stop(): void {
    Atomics.store(this.shared.stop, 0, 1)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#context?.signal.removeEventListener('abort', this.#onAbort)
    if (Atomics.load(this.shared.stop, 0) === 0) this.#report()
  }

  #report(): void {
    const done = Number(Atomics.load(this.shared.done, 0))
    this.#context?.progress({ done, total: this.#total, unit: 'bytes' })
  }
}

/** In a thread: a context that counts for the other side. Log lines have no place there. */
export function progressInThread({ done, stop }: SharedCounters): Context {
  const controller = new AbortController()
  let reported = 0
  return {
    signal: controller.signal,
    log: () => undefined,
    progress: (progress) => {
      Atomics.add(done, 0, BigInt(progress.done - reported))
      reported = progress.done
      if (Atomics.load(stop, 0) !== 0) controller.abort()
    },
  }
}
