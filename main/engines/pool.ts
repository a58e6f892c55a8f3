import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import { Emitter } from '../emitter.ts'
import type { Engine } from './engine.ts'

/** The engines by host. Hosts come and go while the workbench runs. */
export class EnginePool implements Disposable {
  readonly #engines: Map<HostId, Engine>
  readonly #added = new Emitter<Engine>()
  readonly #removed = new Emitter<HostId>()

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

  /** Calls the listener for every engine there is, and for every one that comes. */
  each(listener: (engine: Engine) => void): Disposable {
    for (const engine of this.all()) listener(engine)
    return this.#added.on(listener)
  }

  onRemoved(listener: (host: HostId) => void): Disposable {
    return this.#removed.on(listener)
  }

  /** Takes in the engine of a new host; it is not started. */
  add(engine: Engine): void {
    this.remove(engine.host)
    this.#engines.set(engine.host, engine)
    this.#added.emit(engine)
  }

  /** Ends the engine of a host that is given up; jobs go on. */
  remove(host: HostId): void {
    const engine = this.#engines.get(host)
    if (!engine) return
    engine[Symbol.dispose]()
    this.#engines.delete(host)
    this.#removed.emit(host)
  }

  start(): void {
    for (const engine of this.#engines.values()) engine.start()
  }

  [Symbol.dispose](): void {
    for (const engine of this.#engines.values()) engine[Symbol.dispose]()
  }
}
