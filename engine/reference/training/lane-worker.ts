import { parentPort, type Worker } from 'node:worker_threads'
import { startThread } from '../../workers/threads.ts'
import { Lane, type LaneSetup } from './lane.ts'
import type { Sample } from './sample.ts'

interface LaneRequest {
  readonly samples: readonly Sample[]
  readonly scale: number
}

/** In the thread: answers each request with the sum of its losses. An error ends the thread and is reported there. */
export function serveLane(setup: unknown): void {
  const lane = new Lane(setup as LaneSetup)
  parentPort?.on('message', ({ samples, scale }: LaneRequest) => {
    parentPort?.postMessage(lane.compute(samples, scale))
  })
}

/** A lane in a thread of its own. */
export class LaneThread {
  readonly #worker: Worker
  #waiting: PromiseWithResolvers<number> | undefined
  #failure: Error | undefined

  constructor(setup: LaneSetup) {
    this.#worker = startThread('lane', setup)
    this.#worker.on('message', (loss: number) => this.#waiting?.resolve(loss))
    this.#worker.on('error', (error: Error) => this.#fail(error))
    this.#worker.on('exit', (code) => this.#fail(new Error(`The training thread ended with code ${code}`)))
  }

  /** Like `Lane.compute`, without waiting for it; one request at a time. */
  compute(samples: readonly Sample[], scale: number): Promise<number> {
    this.#waiting = Promise.withResolvers<number>()
    if (this.#failure) this.#waiting.reject(this.#failure)
    else this.#worker.postMessage({ samples, scale } satisfies LaneRequest)
    return this.#waiting.promise
  }

  async close(): Promise<void> {
    this.#worker.removeAllListeners('exit')
    await this.#worker.terminate()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#waiting?.reject(this.#failure)
  }
}
