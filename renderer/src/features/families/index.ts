import type { FormValues } from '#engine/protocol/index.ts'
import { registerView } from '@/shell/views.ts'
import { useTabs } from '@/shell/tabs.ts'
import { t, text } from '@/i18n/index.ts'
import { useFamilies } from '@/workbench/stores.ts'
import { familyById } from './find-panel.ts'

export { familyById, panelsFor, type PanelUse } from './find-panel.ts'

export interface OpenFamily {
  readonly family: string
  readonly panel?: string
  /** Laid over what the form remembers. */
  readonly values?: FormValues
}

/** Opens the workspace of a family, on a panel when one is named. */
export function openFamily({ family, panel, values }: OpenFamily): void {
  const tabs = useTabs()
  const id = `family:${family}`
  const isKnown = tabs.list.some((tab) => tab.id === id)
  // Without a wish, an open workspace stays on the panel that it shows.
  if (isKnown && panel === undefined && values === undefined) {
    tabs.activate(id)
    return
  }
  const props = { family, ...(panel === undefined ? {} : { panel }), ...(values === undefined ? {} : { values }) }
  tabs.open({ kind: 'family', id, props })
}

export function registerFamilies(): void {
  registerView({
    kind: 'families',
    component: () => import('./FamiliesView.vue'),
    title: () => t('families.title'),
    icon: 'families',
    activity: 2,
  })
  registerView({
    kind: 'family',
    component: () => import('./FamilyView.vue'),
    title: (props) => {
      const id = String(props['family'])
      const manifest = familyById(useFamilies().list, id)
      const panel = manifest?.contributes.panels.find((candidate) => candidate.id === props['panel'])
      return [manifest ? text(manifest.name) : id, panel ? text(panel.title) : ''].filter(Boolean).join(' · ')
    },
    icon: 'families',
    within: 'families',
  })
}
