import { inspect } from 'node:util'

const HIDDEN = '[secret]'

/**
 * A text that must not be shown. Whatever prints, logs or serialises it sees a placeholder; only `reveal` gives it
 * away, so each use can be found by its name.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}
