import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { Engine } from './engine.ts'

/** The engines by host. */
export class EnginePool implements Disposable {
  readonly #engines: ReadonlyMap<HostId, Engine>

  constructor(engines: readonly Engine[]) {
    this.#engines = new Map(engines.map((engine) => [engine.host, engine]))
  }

  /** Throws `host.unknown`. */
  of(host: HostId): Engine {
    const engine = this.#engines.get(host)
    if (!engine) throw new AppError('host.unknown', { host })
    return engine
  }

  all(): Engine[] {
    return [...this.#engines.values()]
  }

  start(): void {
    for (const engine of this.#engines.values()) engine.start()
  }

  [Symbol.dispose](): void {
    for (const engine of this.#engines.values()) engine[Symbol.dispose]()
  }
}
