import { type Component, defineAsyncComponent, shallowReactive } from 'vue'
import { t } from '../i18n/index.ts'
import type { IconName } from '../ui/icons.ts'
import Skeleton from '../ui/Skeleton.vue'
import { registerCommand } from './commands.ts'
import { useTabs } from './tabs.ts'

export type ViewProps = Readonly<Record<string, unknown>>

export interface ViewSpec {
  readonly kind: string
  readonly component: () => Promise<unknown>
  /** Title of a tab with these props; may read stores, is shown in the language of the page. */
  readonly title: (props: ViewProps) => string
  readonly icon: IconName
  /** Place in the activity bar, counted from 0; the view is then opened by the command `<kind>.open`. */
  readonly activity?: number
  /** Kind of the view whose entry in the activity bar is marked while this one is in front. */
  readonly within?: string
}

export interface View extends Omit<ViewSpec, 'component'> {
  readonly component: Component
}

const registry = shallowReactive(new Map<string, View>())

export const viewOf = (kind: string): View | undefined => registry.get(kind)

/** Views of the activity bar, in its order. */
export const activities = (): View[] =>
  [...registry.values()]
    .filter(({ activity }) => activity !== undefined)
    .sort((a, b) => Number(a.activity) - Number(b.activity))

export const openCommandOf = (kind: string): string => `${kind}.open`

export function registerView(spec: ViewSpec): void {
  const component = defineAsyncComponent({
    loader: spec.component as () => Promise<Component>,
    loadingComponent: Skeleton,
    delay: 100,
  })
  registry.set(spec.kind, { ...spec, component })
  if (spec.activity === undefined) return
  registerCommand({
    id: openCommandOf(spec.kind),
    title: () => t('shell.command.openView', { name: spec.title({}) }),
    shortcut: `alt+${spec.activity + 1}`,
    run: () => useTabs().open({ kind: spec.kind, id: spec.kind }),
  })
}
