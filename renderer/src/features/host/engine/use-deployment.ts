import type { HostView, InstallProgress } from '#contract/index.ts'
import { computed, ref, watch } from 'vue'
import { notifyError } from '@/shell/notifications.ts'
import { useAsync } from '@/workbench/async-state.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { useTopicState } from '@/workbench/topic-state.ts'

/** What is deployed on a connected host, and what can be done about it; what fails is told. */
export function useDeployment(host: () => HostView) {
  const { deploy, engines } = useWorkbench()
  const installed = useAsync((signal) => deploy.installed({ host: host().id }, { signal }))
  const usage = useAsync((signal) => deploy.usage({ host: host().id }, { signal }))
  const reload = async (): Promise<void> => {
    await Promise.all([installed.reload(), usage.reload()])
  }
  // What a start has brought is there when it has ended one way or the other.
  watch(
    () => [host().engine.state, host().runningJobs],
    () => void reload(),
  )

  const all = useTopicState<InstallProgress[], InstallProgress>(
    (observer) => deploy.watch({}, observer),
    (list, progress) => [
      ...list.filter((other) => other.host !== progress.host),
      ...(progress.phase === 'done' ? [] : [progress]),
    ],
  )
  /** What is being brought right now; undefined for nothing. */
  const progress = computed(() =>
    all.value.kind === 'ready' ? all.value.value.find((one) => one.host === host().id) : undefined,
  )

  /** Name of what is being worked on. */
  const busy = ref<string | null>(null)
  async function act(what: string, work: () => Promise<unknown>): Promise<void> {
    busy.value = what
    try {
      await work()
    } catch (error) {
      notifyError(error)
    } finally {
      busy.value = null
      await reload()
    }
  }
  const id = () => host().id
  return {
    installed,
    usage,
    progress,
    busy,
    reload,
    /** Null takes the engine of this workbench, and brings it when it is not there. */
    use: (name: string | null) => act(name ?? 'own', () => deploy.use({ host: id(), name })),
    /** Null runs it on the host itself. */
    place: (container: string | null) => act('place', () => deploy.useContainer({ host: id(), container })),
    restart: () => act('restart', () => engines.restart({ host: id() })),
    remove: (name: string) => act(name, () => deploy.remove({ host: id(), name })),
    removeRuntime: (name: string) => act(name, () => deploy.removeRuntime({ host: id(), name })),
    uninstall: (everything: boolean) => act('uninstall', () => deploy.uninstall({ host: id(), everything })),
  }
}
