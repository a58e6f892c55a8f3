import type { CheckpointSummary } from '#engine/protocol/checkpoints.ts'
import type { FamilyDefinition as CheckpointFamily } from '#engine/protocol/family.ts'
import type { HostFacts } from '#engine/protocol/host.ts'
import type { FormValues, Manifest, Panel } from '#engine/protocol/panel.ts'
import type { DatasetPassport } from '#engine/protocol/passport.ts'
import type { PathFacts, Plan } from '#engine/protocol/plan.ts'
import type { TaskName, TaskSpecInput } from '#engine/protocol/tasks.ts'
import type { Text } from '#engine/protocol/text.ts'

/** What a panel's function gets. It is a pure function: the same input gives the same plan. */
export interface PlanInput {
  readonly values: FormValues
  readonly facts: HostFacts
  /** By field name, for each field that picks a checkpoint or a dataset; null where nothing readable lies at the path. */
  readonly artifacts: Readonly<Record<string, CheckpointSummary | DatasetPassport | null>>
  /** By field name, for each filled field that picks a file or a folder, as far as it can be told; null where nothing is. */
  readonly paths?: Readonly<Record<string, PathFacts | null>>
}
export type PlanFunction = (input: PlanInput) => Plan

/** The checkpoint that a field names, as far as it could be read. */
export function checkpointIn(input: PlanInput, field: string): CheckpointSummary | null {
  const found = input.artifacts[field]
  return found && 'layout' in found ? found : null
}

/** The dataset that a field names, as far as its passport could be read. */
export function datasetIn(input: PlanInput, field: string): DatasetPassport | null {
  const found = input.artifacts[field]
  return found && 'kind' in found && found.kind === 'dataset' ? found : null
}

/** A step that the engine does itself; the type checks the spec against the task's schema. */
export const taskStep = <N extends TaskName>(id: string, title: Text, task: N, spec: TaskSpecInput<N>) =>
  ({ kind: 'task', id, title, task, spec }) as const

export interface PanelDefinition extends Omit<Panel, 'form' | 'plan'> {
  readonly form: { readonly panel: Panel['form'] }
  /** Name of the function that the plugin's script exports. */
  readonly plan: string
}

export interface FamilyDefinition {
  readonly id: string
  readonly version: string
  readonly name: Text
  readonly description: Text
  readonly frameworks: Manifest['frameworks']
  readonly capabilities: Manifest['capabilities']
  readonly family: Manifest['contributes']['family']
  readonly panels: readonly PanelDefinition[]
  readonly recipes: Manifest['contributes']['recipes']
  readonly tour: Manifest['contributes']['tour']
  /** How the family's checkpoints look, unless the engine knows the family by itself. Its id is that of the family. */
  readonly definition?: CheckpointFamily
}

/**
 * The manifest of a family's plugin. The build writes it as `manifest.json`; the script beside it exports the plan
 * functions that the panels name.
 */
export function defineFamily(definition: FamilyDefinition): Manifest {
  const { id, version, name, description, frameworks, capabilities, family, panels, recipes, tour } = definition
  return {
    id,
    version,
    api: 1,
    name,
    description,
    frameworks,
    capabilities,
    locales: ['en', 'zh-CN'],
    main: 'plugin.js',
    contributes: {
      family,
      panels: panels.map((panel) => ({ ...panel, form: panel.form.panel })),
      recipes,
      tour,
      metrics: [],
      ...(definition.definition === undefined ? {} : { definition: definition.definition }),
    },
  }
}
