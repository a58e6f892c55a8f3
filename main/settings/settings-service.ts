import { Settings } from '#contract/index.ts'
import { Emitter } from '../emitter.ts'
import type { SettingsRepository } from '../store/settings-repository.ts'

const KEY = 'settings'
const LAYOUT_KEY = 'layout'
const WINDOW_KEY = 'window'
const DISABLED_PLUGINS_KEY = 'disabledPlugins'

/** What the user has chosen, with defaults for what was never set. */
export class SettingsService {
  readonly #repository: SettingsRepository
  readonly #changed = new Emitter<Settings>()

  constructor(repository: SettingsRepository) {
    this.#repository = repository
  }

  get(): Settings {
    const stored = Settings.safeParse(this.#repository.get(KEY) ?? {})
    // A value that this version does not know any more falls back to the defaults instead of blocking the start.
    return stored.success ? stored.data : Settings.parse({})
  }

  set(changes: Partial<Settings>): Settings {
    const settings = { ...this.get(), ...changes }
    this.#repository.set(KEY, settings)
    this.#changed.emit(settings)
    return settings
  }

  onChange(listener: (settings: Settings) => void): Disposable {
    return this.#changed.on(listener)
  }

  /** Null before the first save. */
  loadLayout(): unknown {
    return this.#repository.get(LAYOUT_KEY) ?? null
  }

  saveLayout(layout: unknown): void {
    this.#repository.set(LAYOUT_KEY, layout)
  }

  /** Place and size of the desktop app's window. */
  readonly windowState = {
    load: (): unknown => this.#repository.get(WINDOW_KEY) ?? null,
    save: (state: unknown): void => this.#repository.set(WINDOW_KEY, state),
  }

  /** Which plugins are switched off; a plugin is on unless it was switched off. */
  isEnabled(plugin: string): boolean {
    return !this.#disabledPlugins().includes(plugin)
  }

  setEnabled(plugin: string, enabled: boolean): void {
    const others = this.#disabledPlugins().filter((id) => id !== plugin)
    this.#repository.set(DISABLED_PLUGINS_KEY, enabled ? others : [...others, plugin])
  }

  #disabledPlugins(): string[] {
    const stored = this.#repository.get(DISABLED_PLUGINS_KEY)
    return Array.isArray(stored) ? stored.filter((id) => typeof id === 'string') : []
  }
}
