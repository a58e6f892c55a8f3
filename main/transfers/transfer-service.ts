import { AppError } from '#engine/protocol/errors/index.ts'
import { LOCAL_HOST, type HostId } from '#engine/protocol/ids.ts'
import type { TransferDelta, TransferRequest, TransferState, TransferView } from '#contract/index.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { Log } from '../log/log.ts'
import type { FinishedFile, TransferOrder, TransfersRepository } from '../store/transfers-repository.ts'
import { takenNames } from './file-list.ts'
import type { Side } from './side.ts'
import type { Staging } from './staging.ts'
import { Transfer, type EarlierTransfer } from './transfer.ts'

/** More at once would only slow each other down; a small one does not wait behind a large one. */
const TRANSFERS_PER_HOST = 2
/** Progress is told this often. */
const TELL_MS = 250
/** Progress is written down this often, besides each change of state: what is lost of it is done again. */
const KEEP_MS = 2000

export interface TransferServices {
  readonly sideOf: (host: HostId) => Side
  readonly staging: Staging
  readonly repository: TransfersRepository
  readonly clock: Clock
  readonly log: Log
  readonly randomId: () => string
}

/** The queue of uploads and downloads. It is kept in the store and goes on after the program was started again. */
export class TransferService implements Disposable {
  readonly #services: TransferServices
  readonly #transfers = new Map<string, Transfer>()
  readonly #running = new Map<string, HostId>()
  readonly #changed = new Emitter<TransferDelta>()
  readonly #due = new Map<string, Disposable>()
  /** Not written down yet, by the id of their transfer. */
  readonly #finished = new Map<string, FinishedFile[]>()
  readonly #kept = new Map<string, { readonly state: TransferState; readonly at: number }>()
  #isOver = false

  constructor(services: TransferServices) {
    this.#services = services
  }

  list(): TransferView[] {
    return [...this.#transfers.values()].map(({ view }) => view)
  }

  onChange(listener: (delta: TransferDelta) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** Which names are taken at the target. */
  async check(request: TransferRequest, signal: AbortSignal): Promise<string[]> {
    const { from, to } = this.#sides(request)
    return await takenNames(from, to, await this.#sources(request), request.target, signal)
  }

  /** Takes up what was there when the program ended, but for what was done. What had not come to its end goes on. */
  restore(): void {
    const { repository, staging, log } = this.#services
    for (const { id, order, view, names } of repository.list()) {
      if (view.state === 'done') {
        repository.remove(id)
        continue
      }
      this.#transfers.set(id, this.#make(id, order, { view, names, finished: repository.finished(id) }))
      if (view.endedAt === undefined) log.info('transfer.resume', { id, host: order.host, direction: order.direction })
    }
    staging.keep([...this.#transfers.values()].flatMap(({ request }) => request.stage ?? []))
    this.#next()
  }

  /** Throws `transfer.nothing`, `host.unknown`. */
  async start(order: TransferOrder): Promise<string> {
    const { randomId, repository, log } = this.#services
    const sources = await this.#sources(order)
    if (sources.length === 0) throw new AppError('transfer.nothing')
    const id = randomId()
    const request = { ...order, sources }
    const transfer = this.#make(id, request)
    repository.insert({ id, order: request, view: transfer.view, names: transfer.names })
    this.#transfers.set(id, transfer)
    log.info('transfer.start', { id, host: order.host, direction: order.direction, sources: sources.length })
    this.#tell(id)
    this.#next()
    return id
  }

  cancel(id: string): void {
    this.#get(id).cancel()
  }

  retry(id: string): void {
    const transfer = this.#get(id)
    // One that is cancelled may still be on its way to its end.
    if (!transfer.isEnded || this.#running.has(id)) return
    transfer.requeue()
    this.#next()
  }

  async clear(id?: string): Promise<void> {
    const ended = id === undefined ? [...this.#transfers.values()] : [this.#get(id)]
    for (const transfer of ended.filter(({ isEnded }) => isEnded)) {
      this.#transfers.delete(transfer.id)
      this.#services.repository.remove(transfer.id)
      for (const notes of [this.#kept, this.#finished]) notes.delete(transfer.id)
      this.#changed.emit({ kind: 'removed', id: transfer.id })
      if (transfer.request.stage !== undefined) await this.#services.staging.remove(transfer.request.stage)
    }
  }

  /** What runs stops where it is, and goes on when the queue is restored. */
  [Symbol.dispose](): void {
    this.#kept.clear()
    for (const id of this.#transfers.keys()) this.#keep(id)
    this.#isOver = true
    for (const transfer of this.#transfers.values()) transfer.cancel()
    for (const due of this.#due.values()) due[Symbol.dispose]()
    this.#due.clear()
  }

  #make(id: string, request: TransferOrder, earlier?: EarlierTransfer): Transfer {
    return new Transfer({
      id,
      request,
      ...this.#sides(request),
      clock: this.#services.clock,
      onChange: () => this.#tellSoon(id),
      onFinished: (file) => {
        const files = this.#finished.get(id)
        if (files) files.push(file)
        else this.#finished.set(id, [file])
      },
      ...(earlier ? { earlier } : {}),
    })
  }

  /** Writes down how a transfer stands, when that is another state or enough has come together. */
  #keep(id: string): void {
    const { clock, repository, log } = this.#services
    const view = this.#transfers.get(id)?.view
    if (!view || this.#isOver) return
    const kept = this.#kept.get(id)
    if (kept?.state === view.state && clock.monotonicMs() - kept.at < KEEP_MS) return
    this.#kept.set(id, { state: view.state, at: clock.monotonicMs() })
    const finished = this.#finished.get(id) ?? []
    try {
      repository.update(id, view, this.#get(id).names, finished)
      this.#finished.delete(id)
    } catch (error) {
      // The transfer itself is all right; what could not be written is tried again with what comes next.
      log.warn('transfer.notKept', { id, error })
    }
  }

  #get(id: string): Transfer {
    const transfer = this.#transfers.get(id)
    if (!transfer) throw new AppError('transfer.unknown', { id })
    return transfer
  }

  #sides({ host, direction }: TransferRequest): { from: Side; to: Side } {
    const { sideOf } = this.#services
    const [here, there] = [sideOf(LOCAL_HOST), sideOf(host)]
    return direction === 'upload' ? { from: here, to: there } : { from: there, to: here }
  }

  async #sources({ sources, stage }: TransferRequest): Promise<string[]> {
    return stage === undefined ? [...sources] : [...sources, ...(await this.#services.staging.tops(stage))]
  }

  #next(): void {
    for (const transfer of this.#transfers.values()) {
      const { host } = transfer.request
      const busy = [...this.#running.values()].filter((other) => other === host).length
      if (!transfer.isQueued || this.#running.has(transfer.id) || busy >= TRANSFERS_PER_HOST) continue
      this.#running.set(transfer.id, host)
      void this.#run(transfer)
    }
  }

  async #run(transfer: Transfer): Promise<void> {
    await transfer.run()
    this.#running.delete(transfer.id)
    const { id, view } = transfer
    this.#services.log.info('transfer.end', { id, state: view.state, files: view.files, error: view.error })
    const { stage } = transfer.request
    if (view.state === 'done' && stage !== undefined) {
      await this.#services.staging.remove(stage).catch((error: unknown) => {
        this.#services.log.warn('transfer.stageLeft', { stage, error })
      })
    }
    this.#tell(id)
    this.#next()
  }

  #tell(id: string): void {
    const transfer = this.#transfers.get(id)
    this.#keep(id)
    if (transfer) this.#changed.emit({ kind: 'changed', transfer: transfer.view })
  }

  #tellSoon(id: string): void {
    if (this.#due.has(id) || this.#isOver) return
    const due = this.#services.clock.after(TELL_MS, () => {
      this.#due.delete(id)
      this.#tell(id)
    })
    this.#due.set(id, due)
  }
}
