/**
 * Holds what a part of the program has opened and closes it in reverse order. Disposing twice is fine; one failure
 * does not stop the rest, it is reported to `onFailure`.
 */
export class Scope implements Disposable {
  readonly name: string
  readonly #held: Disposable[] = []
  readonly #onFailure: (error: unknown, name: string) => void
  #isDisposed = false

  constructor(name: string, onFailure: (error: unknown, name: string) => void = () => undefined) {
    this.name = name
    this.#onFailure = onFailure
  }

  /** What is added after the scope was closed is closed at once. */
  add<T extends Disposable>(held: T): T {
    if (this.#isDisposed) this.#close(held)
    else this.#held.push(held)
    return held
  }

  /** Runs `close` when the scope closes. */
  defer(close: () => void): void {
    this.add({ [Symbol.dispose]: close })
  }

  child(name: string): Scope {
    return this.add(new Scope(`${this.name}/${name}`, this.#onFailure))
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    for (const held of this.#held.splice(0).reverse()) this.#close(held)
  }

  #close(held: Disposable): void {
    try {
      held[Symbol.dispose]()
    } catch (error) {
      this.#onFailure(error, this.name)
    }
  }
}

/** A disposable from a function that runs at most once. */
export function onDispose(close: () => void): Disposable {
  let isDone = false
  return {
    [Symbol.dispose]: () => {
      if (isDone) return
      isDone = true
      close()
    },
  }
}
