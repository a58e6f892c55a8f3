import { AppError } from '#engine/protocol/errors/index.ts'
import { LOCAL_HOST, type HostId } from '#engine/protocol/ids.ts'
import type { OverwritePolicy, TransferDelta, TransferRequest, TransferView } from '#contract/index.ts'
import type { Clock } from '../clock.ts'
import { Emitter } from '../emitter.ts'
import type { Log } from '../log/log.ts'
import { takenNames } from './file-list.ts'
import type { Side } from './side.ts'
import type { Staging } from './staging.ts'
import { Transfer } from './transfer.ts'

/** More at once would only slow each other down; a small one does not wait behind a large one. */
const TRANSFERS_PER_HOST = 2
/** Progress is told this often. */
const TELL_MS = 250

export interface TransferServices {
  readonly sideOf: (host: HostId) => Side
  readonly staging: Staging
  readonly clock: Clock
  readonly log: Log
  readonly randomId: () => string
}

type Order = TransferRequest & { readonly policy: OverwritePolicy }

/** The queue of uploads and downloads. It lives as long as the program; what had arrived by then is found again. */
export class TransferService implements Disposable {
  readonly #services: TransferServices
  readonly #transfers = new Map<string, Transfer>()
  readonly #running = new Map<string, HostId>()
  readonly #changed = new Emitter<TransferDelta>()
  readonly #due = new Map<string, Disposable>()

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

  /** Throws `transfer.nothing`, `host.unknown`. */
  async start(order: Order): Promise<string> {
    const { randomId, clock, log } = this.#services
    const sources = await this.#sources(order)
    if (sources.length === 0) throw new AppError('transfer.nothing')
    const id = randomId()
    const transfer = new Transfer({
      id,
      request: { ...order, sources },
      ...this.#sides(order),
      clock,
      onChange: () => this.#tellSoon(id),
    })
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
      this.#changed.emit({ kind: 'removed', id: transfer.id })
      if (transfer.request.stage !== undefined) await this.#services.staging.remove(transfer.request.stage)
    }
  }

  [Symbol.dispose](): void {
    for (const transfer of this.#transfers.values()) transfer.cancel()
    for (const due of this.#due.values()) due[Symbol.dispose]()
    this.#due.clear()
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
    if (transfer) this.#changed.emit({ kind: 'changed', transfer: transfer.view })
  }

  #tellSoon(id: string): void {
    if (this.#due.has(id)) return
    const due = this.#services.clock.after(TELL_MS, () => {
      this.#due.delete(id)
      this.#tell(id)
    })
    this.#due.set(id, due)
  }
}
