import { onDispose } from './scope.ts'

/** Tells listeners of one kind of event, in the order they came. */
export class Emitter<T> {
  readonly #listeners = new Set<(event: T) => void>()

  on(listener: (event: T) => void): Disposable {
    // Wrapped, so that the same function may listen twice.
    const entry = (event: T) => listener(event)
    this.#listeners.add(entry)
    return onDispose(() => this.#listeners.delete(entry))
  }

  emit(event: T): void {
    for (const listener of [...this.#listeners]) listener(event)
  }
}
