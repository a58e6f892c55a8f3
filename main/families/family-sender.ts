import { familyDefinitions } from '#engine/protocol/families.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { Engine } from '../engines/engine.ts'
import { isLost } from '../engines/follow.ts'
import type { Log } from '../log/log.ts'
import type { FamilyRegistry } from '../runs/family-registry.ts'
import { Scope } from '../scope.ts'

/**
 * Tells engines how the checkpoints of the enabled plugins' families look: each engine when it becomes ready, and all
 * of them when the plugins change.
 */
export class FamilySender implements Disposable {
  readonly #families: Pick<FamilyRegistry, 'manifests' | 'onChange'>
  readonly #log: Log
  readonly #scope: Scope
  readonly #engines = new Map<Engine, Disposable>()
  /** What an engine was told since it became ready. */
  readonly #told = new WeakMap<Engine, string>()
  /** Before the plugins are loaded there is nothing to say, least of all that there are none. */
  #isLoaded = false

  constructor(families: Pick<FamilyRegistry, 'manifests' | 'onChange'>, log: Log) {
    this.#families = families
    this.#log = log
    this.#scope = new Scope('families', (error, name) => log.error('dispose.failed', { name, error }))
    this.#scope.add(
      families.onChange(() => {
        this.#isLoaded = true
        for (const engine of this.#engines.keys()) void this.#send(engine)
      }),
    )
  }

  follow(engine: Engine): void {
    const listening = engine.onChange(({ state }) => {
      if (state === 'ready') void this.#send(engine)
      else this.#told.delete(engine)
    })
    this.#engines.set(engine, listening)
    void this.#send(engine)
  }

  /** The host is gone. */
  forget(host: HostId): void {
    for (const [engine, listening] of this.#engines) {
      if (engine.host !== host) continue
      listening[Symbol.dispose]()
      this.#engines.delete(engine)
    }
  }

  [Symbol.dispose](): void {
    for (const listening of this.#engines.values()) listening[Symbol.dispose]()
    this.#scope[Symbol.dispose]()
  }

  async #send(engine: Engine): Promise<void> {
    if (!this.#isLoaded || engine.status.state !== 'ready') return
    const definitions = this.#families.manifests().flatMap(({ contributes }) => contributes.definition ?? [])
    const key = JSON.stringify(definitions)
    if (this.#told.get(engine) === key) return
    this.#told.set(engine, key)
    try {
      const { refused } = await (await engine.client(familyDefinitions)).set({ definitions })
      for (const { id, error } of refused) this.#log.warn('families.refused', { host: engine.host, family: id, error })
    } catch (error) {
      this.#told.delete(engine)
      // It is told again when it is back. An older engine does not know the call, and such families neither.
      if (!isLost(error)) this.#log.warn('families.notSent', { host: engine.host, error })
    }
  }
}
