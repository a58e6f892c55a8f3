import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { AppError, toCodedError } from '#engine/protocol/errors/index.ts'
import type { Manifest, Plan } from '#engine/protocol/index.ts'
import type { PluginView } from '#contract/index.ts'
import { Emitter } from '../emitter.ts'
import type { Log } from '../log/log.ts'
import type { FamilyRegistry, PlanInput, PluginSwitches } from '../runs/family-registry.ts'
import { readPluginArchive, type PluginArchive } from './archive.ts'
import { pluginLimits, type PluginLimits } from './limits.ts'
import { parsePlanAnswer } from './plan-answer.ts'
import { PluginSandbox } from './sandbox.ts'
import { pluginWorkerFile } from './worker-file.ts'

type Origin = PluginView['origin']

interface Loaded {
  readonly archive: PluginArchive
  readonly origin: Origin
  sandbox: PluginSandbox | null
}

export interface PluginHostOptions {
  /** Archives that come with the workbench. */
  readonly builtinDir: string
  /** Archives that the user installed; one of these goes before a builtin one of the same id. */
  readonly installedDir: string
  readonly switches: PluginSwitches
  readonly log: Log
  readonly limits?: PluginLimits
  readonly workerFile?: URL
}

/** The plugins of this computer: found as archives, each in a sandbox of its own that starts with its first plan. */
export class PluginHost implements FamilyRegistry {
  readonly #options: PluginHostOptions
  readonly #limits: PluginLimits
  readonly #loaded = new Map<string, Loaded>()
  readonly #failed = new Map<string, PluginView>()
  readonly #changes = new Emitter<void>()

  constructor(options: PluginHostOptions) {
    this.#options = options
    this.#limits = options.limits ?? pluginLimits
  }

  async start(): Promise<void> {
    const { builtinDir, installedDir } = this.#options
    for (const [folder, origin] of [
      [installedDir, 'installed'],
      [builtinDir, 'builtin'],
    ] as const) {
      for (const file of await archivesIn(folder)) await this.#load(file, origin)
    }
    this.#changes.emit()
  }

  manifests(): readonly Manifest[] {
    return this.#sorted().flatMap(({ archive: { manifest } }) => (this.#isEnabled(manifest.id) ? [manifest] : []))
  }

  plugins(): readonly PluginView[] {
    return [...this.#sorted().map((loaded) => this.#view(loaded)), ...this.#failed.values()]
  }

  onChange(listener: () => void): Disposable {
    return this.#changes.on(listener)
  }

  async plan(family: string, panelId: string, input: PlanInput): Promise<Plan> {
    const loaded = this.#sorted().find(({ archive: { manifest } }) => manifest.contributes.family.id === family)
    if (!loaded || !this.#isEnabled(loaded.archive.manifest.id)) throw new AppError('family.unknown', { family })
    const { manifest, script } = loaded.archive
    const panel = manifest.contributes.panels.find(({ id }) => id === panelId)
    if (!panel) throw new AppError('panel.unknown', { family, panel: panelId })
    const workerFile = this.#options.workerFile ?? pluginWorkerFile()
    loaded.sandbox ??= new PluginSandbox(manifest.id, script, this.#limits, workerFile)
    // Facts of a host are told only to plugins that asked for them.
    const facts = manifest.capabilities.includes('host.facts') ? input.facts : null
    try {
      return parsePlanAnswer(manifest.id, await loaded.sandbox.call(panel.plan, { ...input, facts }))
    } catch (error) {
      this.#options.log.warn('plugin.planFailed', { plugin: manifest.id, panel: panelId, error })
      throw error
    }
  }

  async setEnabled(id: string, enabled: boolean): Promise<void> {
    const loaded = this.#loaded.get(id)
    if (!loaded) throw new AppError('plugin.unknown', { plugin: id })
    this.#options.switches.setEnabled(id, enabled)
    if (!enabled) this.#stop(loaded)
    this.#changes.emit()
  }

  [Symbol.dispose](): void {
    for (const loaded of this.#loaded.values()) this.#stop(loaded)
  }

  async #load(file: string, origin: Origin): Promise<void> {
    try {
      const archive = await readPluginArchive(file)
      const { id, contributes } = archive.manifest
      // Installed archives are read first and replace builtin ones; of two in one folder the later name is the newer.
      if (origin === 'builtin' && this.#loaded.get(id)?.origin === 'installed') return
      const family = contributes.family.id
      const other = this.#sorted().find(
        ({ archive: { manifest } }) => manifest.id !== id && manifest.contributes.family.id === family,
      )
      if (other) throw new AppError('plugin.familyTaken', { family, other: other.archive.manifest.id })
      this.#loaded.set(id, { archive, origin, sandbox: null })
      this.#options.log.info('plugin.loaded', { plugin: id, version: archive.manifest.version, origin })
    } catch (error) {
      this.#options.log.warn('plugin.loadFailed', { file, error })
      this.#failed.set(file, failedView(file, origin, error))
    }
  }

  #stop(loaded: Loaded): void {
    loaded.sandbox?.[Symbol.dispose]()
    loaded.sandbox = null
  }

  #isEnabled(id: string): boolean {
    return this.#options.switches.isEnabled(id)
  }

  #sorted(): Loaded[] {
    return [...this.#loaded.values()].sort((a, b) => (a.archive.manifest.id < b.archive.manifest.id ? -1 : 1))
  }

  #view({ archive: { manifest, digest }, origin }: Loaded): PluginView {
    const { id, version, name, description, capabilities, contributes } = manifest
    return {
      id,
      version,
      name,
      description,
      origin,
      state: this.#isEnabled(id) ? 'ready' : 'disabled',
      capabilities,
      digest,
      contributes: {
        panels: contributes.panels.length,
        recipes: contributes.recipes.length,
        tour: contributes.tour.length,
      },
    }
  }
}

/** The archives of a folder by name; a folder that is not there has none. */
async function archivesIn(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder)
    return names
      .filter((name) => name.endsWith('.tgz'))
      .sort(byVersion)
      .map((name) => join(folder, name))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

const byVersion = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true })

/** What is shown of an archive that could not be loaded; its own name and version cannot be trusted. */
function failedView(file: string, origin: Origin, error: unknown): PluginView {
  const name = basename(file, '.tgz')
  const text = { en: name, 'zh-CN': name }
  return {
    id: name,
    version: '0.0.0',
    name: text,
    description: text,
    origin,
    state: 'failed',
    error: toCodedError(error),
    capabilities: [],
    digest: '',
    contributes: { panels: 0, recipes: 0, tour: 0 },
  }
}
