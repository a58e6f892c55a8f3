import type { HostId } from '#engine/protocol/index.ts'
import { npuRecords } from '#engine/protocol/npu-records.ts'
import type { Clock } from '../clock.ts'
import type { Engine } from '../engines/engine.ts'
import type { NpuTakeoverRepository } from '../store/npu-takeover-repository.ts'

/** Each batch is one transaction, during which nothing else runs here: some ten milliseconds for eight chips. */
const BATCH = 50
/** A record may come this long after the moment that it is about: the tool took its time. */
const LATE_MS = 120_000

/** Fills the gaps of a host's history with what it has recorded itself. */
export class RecordTakeover {
  readonly #store: NpuTakeoverRepository
  readonly #clock: Clock
  readonly #running = new Map<HostId, Promise<number>>()

  constructor(store: NpuTakeoverRepository, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Answers how many samples were added. One at a time for each host: others wait their turn. */
  run(engine: Engine): Promise<number> {
    const { host } = engine
    const before = this.#running.get(host) ?? Promise.resolve(0)
    const running = before.catch(() => 0).then(() => this.#take(engine))
    this.#running.set(host, running)
    return running.finally(() => {
      if (this.#running.get(host) === running) this.#running.delete(host)
    })
  }

  async #take(engine: Engine): Promise<number> {
    const { host } = engine
    const until = this.#store.openUntil(host)
    if (until === null) return 0
    const client = await engine.client(npuRecords)
    let { epoch, last } = this.#store.cursor(host)
    let lastAt = 0
    let added = 0
    for (;;) {
      const found = await client.read({ from: last + 1, limit: BATCH })
      if (found.epoch !== epoch) {
        epoch = found.epoch
        // Its folder was deleted and numbers began anew: these are not the ones that follow.
        if (last > 0) {
          last = 0
          continue
        }
      }
      const newest = found.records.at(-1)
      if (epoch === null || !newest) break
      added += this.#store.take(host, epoch, found.records, this.#clock.now())
      last = newest.n
      lastAt = newest.at
    }
    this.#store.closeGaps(host, Math.max(lastAt, until - LATE_MS))
    return added
  }
}
