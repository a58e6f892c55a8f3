import { Worker } from 'node:worker_threads'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { PluginLimits } from './limits.ts'
import type { CallFailure, CallMessage, WorkerMessage, WorkerSetup } from './worker-messages.ts'

interface Running {
  readonly worker: Worker
  readonly ready: Promise<void>
}

/**
 * One plugin's script in a worker thread of its own. The worker starts with the first call, is ended when the script
 * breaks a limit, and starts anew with the next call.
 */
export class PluginSandbox implements Disposable {
  readonly #plugin: string
  readonly #script: string
  readonly #limits: PluginLimits
  readonly #workerFile: URL
  #running: Running | null = null
  #queue: Promise<unknown> = Promise.resolve()
  #lastId = 0
  #isDisposed = false

  constructor(plugin: string, script: string, limits: PluginLimits, workerFile: URL) {
    this.#plugin = plugin
    this.#script = script
    this.#limits = limits
    this.#workerFile = workerFile
  }

  /**
   * Calls an exported function with one JSON value and gives back its answer as JSON text. Calls run one after the
   * other. Throws AppError: `plugin.timeout`, `plugin.memory`, `plugin.payload`, `plugin.threw`, `plugin.invalidPlan`,
   * `plugin.stopped`.
   */
  call(name: string, input: unknown): Promise<string> {
    const inputJson = JSON.stringify(input)
    if (inputJson.length > this.#limits.payloadBytes) return Promise.reject(this.#error({ kind: 'payload' }))
    const result = this.#queue.then(() => this.#run({ id: ++this.#lastId, name, inputJson }))
    this.#queue = result.catch(() => undefined)
    return result
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    this.#end()
  }

  async #run(message: CallMessage): Promise<string> {
    if (this.#isDisposed) throw new AppError('plugin.stopped', { plugin: this.#plugin, reason: 'disposed' })
    const running = (this.#running ??= this.#start())
    try {
      await running.ready
      return await this.#exchange(running.worker, message)
    } catch (error) {
      // A script that only threw leaves its worker in order; everything else does not.
      if (!(error instanceof AppError) || !isHarmless(error)) this.#end()
      throw error
    }
  }

  #exchange(worker: Worker, message: CallMessage): Promise<string> {
    const { callMs, graceMs } = this.#limits
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const onMessage = (answer: WorkerMessage) => {
      if (answer.kind === 'ready' || answer.id !== message.id) return
      if (answer.kind === 'answer') resolve(answer.answerJson)
      else reject(this.#error(answer.failure))
    }
    const onExit = (code: number) => reject(this.#stopped(`exit ${code}`))
    const onError = (error: Error) => reject(this.#fromWorker(error))
    const timer = setTimeout(() => reject(this.#error({ kind: 'timeout' })), callMs + graceMs)
    worker.on('message', onMessage).on('exit', onExit).on('error', onError)
    worker.postMessage(message)
    return promise.finally(() => {
      clearTimeout(timer)
      worker.off('message', onMessage).off('exit', onExit).off('error', onError)
    })
  }

  #start(): Running {
    const workerData: WorkerSetup = { script: this.#script, limits: this.#limits }
    const worker = new Worker(this.#workerFile, {
      name: `plugin ${this.#plugin}`,
      workerData,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16, stackSizeMb: 8 },
    })
    worker.unref()
    // Without a listener an error between two calls would end the program.
    worker.on('error', () => this.#forget(worker)).on('exit', () => this.#forget(worker))
    const { promise, resolve, reject } = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => reject(this.#stopped('did not start')), this.#limits.startMs)
    worker.once('message', () => resolve(undefined))
    worker.once('error', (error) => reject(this.#fromWorker(error)))
    worker.once('exit', (code) => reject(this.#stopped(`exit ${code}`)))
    const ready = promise.finally(() => clearTimeout(timer))
    ready.catch(() => undefined)
    return { worker, ready }
  }

  #end(): void {
    const worker = this.#running?.worker
    this.#running = null
    void worker?.terminate()
  }

  #forget(worker: Worker): void {
    if (this.#running?.worker === worker) this.#running = null
  }

  #fromWorker(error: Error): AppError {
    const isMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
    return isMemory ? this.#error({ kind: 'memory' }) : this.#stopped(error.message)
  }

  #stopped(reason: string): AppError {
    return new AppError('plugin.stopped', { plugin: this.#plugin, reason })
  }

  #error(failure: CallFailure): AppError {
    const plugin = this.#plugin
    const { callMs, heapBytes, payloadBytes } = this.#limits
    switch (failure.kind) {
      case 'timeout':
        return new AppError('plugin.timeout', { plugin, seconds: callMs / 1000 })
      case 'memory':
        return new AppError('plugin.memory', { plugin, mebibytes: heapBytes / 1024 ** 2 })
      case 'stack':
        return new AppError('plugin.stack', { plugin })
      case 'payload':
        return new AppError('plugin.payload', { plugin, kibibytes: payloadBytes / 1024 })
      case 'threw':
        return new AppError('plugin.threw', { plugin, reason: failure.reason })
      case 'answer':
        return new AppError('plugin.invalidPlan', { plugin, reason: failure.reason })
    }
  }
}

const isHarmless = ({ code }: AppError): boolean =>
  code === 'plugin.threw' || code === 'plugin.invalidPlan' || code === 'plugin.payload'
