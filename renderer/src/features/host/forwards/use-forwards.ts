import type { HostId } from '#engine/protocol/index.ts'
import type { ForwardDelta, ForwardView } from '#contract/index.ts'
import { computed } from 'vue'
import { t } from '@/i18n/index.ts'
import { confirm } from '@/shell/confirm.ts'
import { notifyError } from '@/shell/notifications.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { replaceById, useTopicState } from '@/workbench/topic-state.ts'

/** The port forwards of a host while the component is there, and what can be done with one; what fails is told. */
export function useForwards(host: () => HostId) {
  const { forwards } = useWorkbench()
  const state = useTopicState<ForwardView[], ForwardDelta>(
    (observer) => forwards.watch({}, observer),
    (list, delta) =>
      delta.kind === 'removed' ? list.filter(({ id }) => id !== delta.id) : replaceById(list, delta.forward),
  )
  const list = computed(() =>
    state.value.kind === 'ready' ? state.value.value.filter((one) => one.host === host()) : [],
  )
  const told = (work: Promise<unknown>): void => void work.catch((error: unknown) => notifyError(error))

  async function remove({ id, connections }: ForwardView, name: string): Promise<void> {
    const question = {
      title: t('hostForwards.removeTitle', { name }),
      text: connections === 0 ? t('hostForwards.removeText') : t('hostForwards.removeOpen', {}, connections),
      action: t('hostForwards.remove'),
      isDestructive: true,
    }
    if (await confirm(question)) told(forwards.remove({ id }))
  }

  return {
    state,
    list,
    start: ({ id }: ForwardView) => told(forwards.start({ id })),
    stop: ({ id }: ForwardView) => told(forwards.stop({ id })),
    remove,
  }
}
