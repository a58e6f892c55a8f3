import type { ArtifactView } from '#contract/artifacts.ts'
import { t } from '@/i18n/index.ts'
import { useTabs } from '@/shell/tabs.ts'
import { registerView, type ViewProps } from '@/shell/views.ts'
import { useArtifacts } from '@/workbench/stores.ts'

export { histogram } from './dataset/histogram.ts'
export { lengthFigures } from './dataset/length-figures.ts'
export { default as LengthFigureList } from './dataset/LengthFigureList.vue'
export { default as LengthHistogram } from './dataset/LengthHistogram.vue'
export { default as SampleCard } from './dataset/SampleCard.vue'

/** Opens the page of a checkpoint or dataset; other kinds have none and lead to the list. */
export function openArtifact({ id, kind }: Pick<ArtifactView, 'id' | 'kind'>): void {
  if (kind === 'checkpoint' || kind === 'dataset') useTabs().open({ kind, id: `${kind}:${id}`, props: { id } })
  else useTabs().open({ kind: 'artifacts', id: 'artifacts' })
}

const nameOf = (props: ViewProps, fallback: string) => useArtifacts().byId(String(props['id']))?.name ?? fallback

export function registerArtifacts(): void {
  registerView({
    kind: 'artifacts',
    component: () => import('./ArtifactsView.vue'),
    title: () => t('artifacts.title'),
    icon: 'artifacts',
    activity: 4,
  })
  registerView({
    kind: 'checkpoint',
    component: () => import('./checkpoint/CheckpointView.vue'),
    title: (props) => nameOf(props, t('artifacts.checkpoint')),
    icon: 'artifacts',
    within: 'artifacts',
  })
  registerView({
    kind: 'dataset',
    component: () => import('./dataset/DatasetView.vue'),
    title: (props) => nameOf(props, t('artifacts.dataset')),
    icon: 'database',
    within: 'artifacts',
  })
}
