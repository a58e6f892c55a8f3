import { Snippet } from '#contract/index.ts'
import { Emitter } from '../emitter.ts'
import type { SettingsRepository } from '../store/settings-repository.ts'

const KEY = 'snippets'

/** The named commands of the user, sorted by name. */
export class SnippetBook {
  readonly #repository: Pick<SettingsRepository, 'get' | 'set'>
  readonly #randomId: () => string
  readonly #changed = new Emitter<Snippet[]>()

  constructor(repository: Pick<SettingsRepository, 'get' | 'set'>, randomId: () => string) {
    this.#repository = repository
    this.#randomId = randomId
  }

  /** What is not a snippet any more for this version is passed over. */
  list(): Snippet[] {
    const stored = this.#repository.get(KEY)
    const found = (Array.isArray(stored) ? stored : []).flatMap((one: unknown) => Snippet.safeParse(one).data ?? [])
    return found.sort((a, b) => a.name.localeCompare(b.name))
  }

  onChange(listener: (list: Snippet[]) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** Answers its id. One that was removed meanwhile is there again. */
  save({ id = this.#randomId(), name, command }: Omit<Snippet, 'id'> & { readonly id?: string | undefined }): string {
    this.#put([...this.list().filter((other) => other.id !== id), { id, name, command }])
    return id
  }

  remove(id: string): void {
    this.#put(this.list().filter((other) => other.id !== id))
  }

  #put(list: Snippet[]): void {
    this.#repository.set(KEY, list)
    this.#changed.emit(this.list())
  }
}
