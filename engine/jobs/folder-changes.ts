import { type FSWatcher, watch } from 'node:fs'

/** Changes closer together than this are one: a program that prints a thousand lines a second wakes us less often. */
const SETTLE_MS = 20

/**
 * Waits for changes in a folder: the system's notifications where there are any, and a look every now and then in any
 * case, since network file systems send none and the number of notifications is limited.
 */
export class FolderChanges implements Disposable {
  #watcher: FSWatcher | null = null
  #hasChanged = false
  #wake: (() => void) | null = null

  constructor(folder: string) {
    try {
      this.#watcher = watch(folder, { persistent: false }, () => this.#changed())
      this.#watcher.on('error', () => this.#unwatch())
    } catch {
      // Without notifications (limit reached, file system without them) the timeout of `wait` is the poll.
      this.#watcher = null
    }
  }

  /** Resolves soon after a change since the last wait, or after `timeoutMs`, or when the signal is aborted. */
  async wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (!this.#hasChanged && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
        signal?.addEventListener('abort', this.#wake, { once: true })
      })
      if (this.#wake) signal?.removeEventListener('abort', this.#wake)
      this.#wake = null
    }
    if (this.#hasChanged && !signal?.aborted) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    this.#hasChanged = false
  }

  /** Makes a `wait` return, as a change does. */
  #changed(): void {
    this.#hasChanged = true
    this.#wake?.()
  }

  /** For events that are not changes of files but are waited for together with them. */
  nudge(): void {
    this.#changed()
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = null
  }

  [Symbol.dispose](): void {
    this.#unwatch()
  }
}
