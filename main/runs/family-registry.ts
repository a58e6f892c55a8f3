import type {
  CheckpointSummary,
  DatasetPassport,
  FormValues,
  HostFacts,
  Manifest,
  PathFacts,
  Plan,
} from '#engine/protocol/index.ts'
import type { PluginView } from '#contract/index.ts'

/** What a panel's function gets: the form's values, the facts of the host, and what the named artifacts say of themselves. */
export interface PlanInput {
  readonly values: FormValues
  readonly facts: HostFacts
  /** By field name, for each field that picks a checkpoint or a dataset; null where nothing readable lies at the path. */
  readonly artifacts: Readonly<Record<string, CheckpointSummary | DatasetPassport | null>>
  /** By field name, for each filled field that picks a file or a folder, as far as it can be told; null where nothing is. */
  readonly paths?: Readonly<Record<string, PathFacts | null>>
}

/** The families that plugins contribute. Manifests of disabled or failed plugins are not among them. */
export interface FamilyRegistry extends Disposable {
  /** Finds and loads the plugins; resolves when each has either become ready or failed with a reason in its view. */
  start(): Promise<void>
  manifests(): readonly Manifest[]
  plugins(): readonly PluginView[]
  /** Called after any change of `manifests()` or `plugins()`. */
  onChange(listener: () => void): Disposable
  /** Throws AppError when the plugin fails or breaks a limit. The caller parses the answer again. */
  plan(family: string, panel: string, input: PlanInput): Promise<Plan>
  setEnabled(id: string, enabled: boolean): Promise<void>
}

/** Which plugins the user has switched off; kept by the caller. */
export interface PluginSwitches {
  isEnabled(id: string): boolean
  setEnabled(id: string, enabled: boolean): void
}
