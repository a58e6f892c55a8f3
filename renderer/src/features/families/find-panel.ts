import type { FamilyView } from '#contract/families.ts'
import type { RunState, RunView } from '#contract/runs.ts'
import type { HostId, Panel, Text } from '#engine/protocol/index.ts'

/** The family as runs and forms name it; a plugin's id may differ from its family's. */
export const familyById = (families: readonly FamilyView[], id: string): FamilyView | undefined =>
  families.find((family) => family.contributes.family.id === id)

/** State of the last run of each panel of a family on a host. */
export function lastRunStates(runs: readonly RunView[], family: string, host: HostId): Map<string, RunState> {
  const newest = new Map<string, RunView>()
  for (const run of runs) {
    if (run.request.family !== family || run.request.host !== host) continue
    const known = newest.get(run.request.panel)
    if (!known || known.number < run.number) newest.set(run.request.panel, run)
  }
  return new Map([...newest].map(([panel, run]) => [panel, run.state]))
}

export interface PanelUse {
  readonly family: string
  readonly familyName: Text
  readonly panel: Panel
  readonly field: string
}

/** The panels that take an artifact of this kind, with the field it goes into: the first one that asks for it. */
export function panelsFor(families: readonly FamilyView[], kind: 'checkpoint' | 'dataset'): PanelUse[] {
  return families.flatMap((family) =>
    family.contributes.panels.flatMap((panel) => {
      const field = Object.keys(panel.form.schema.properties).find((name) => panel.form.hints[name]?.widget === kind)
      return field === undefined
        ? []
        : [{ family: family.contributes.family.id, familyName: family.name, panel, field }]
    }),
  )
}
