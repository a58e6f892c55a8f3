import type { FileStat, HostId } from '#engine/protocol/index.ts'
import { computed, ref, shallowRef, watch } from 'vue'
import { joinPath, parentPath } from '@/forms/model/paths.ts'
import { t } from '@/i18n/index.ts'
import { confirm } from '@/shell/confirm.ts'
import { notifyError } from '@/shell/notifications.ts'
import { formatBytes, formatNumber } from '@/ui/format.ts'
import { useAsync } from '@/workbench/async-state.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { kept, nothingChosen, type Selection } from './selection.ts'

/** A folder of a host: what it holds, what is chosen in it, and what becomes of it; what fails is told. */
export function useFolder(host: HostId, start: string) {
  const { files, contents } = useWorkbench()
  const path = ref(start)
  const isHiddenShown = ref(false)
  const selection = shallowRef<Selection>(nothingChosen)

  const listing = useAsync(async (signal) => {
    // The workspace is made by the first run.
    const there = await files.stat({ host, path: path.value }, { signal })
    const found = await files.list({ host, path: there === null ? '~' : path.value }, { signal })
    path.value = found.path
    return found
  })
  const folder = computed(() => (listing.state.value.kind === 'ready' ? listing.state.value.value : null))
  const entries = computed<readonly FileStat[]>(() =>
    (folder.value?.entries ?? []).filter(({ name }) => isHiddenShown.value || !name.startsWith('.')),
  )
  watch(entries, (list) => {
    selection.value = kept(
      selection.value,
      list.map(({ name }) => name),
    )
  })
  const at = (name: string): string => joinPath(path.value, name)
  const chosenPaths = (): string[] => [...selection.value.chosen].map(at)

  async function go(to: string): Promise<void> {
    path.value = to
    selection.value = nothingChosen
    await listing.reload()
  }

  /** To the folder above, with the one that was left under the keyboard. */
  async function up(): Promise<void> {
    const left = folder.value?.path
    const above = parentPath(path.value)
    if (above === path.value) return
    await go(above)
    const name = entries.value.find((entry) => at(entry.name) === left)?.name ?? null
    selection.value = { ...nothingChosen, current: name, anchor: name }
  }

  async function told(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      notifyError(error)
    }
    await listing.reload()
  }

  async function chooseAfter(name: string, work: () => Promise<unknown>): Promise<void> {
    await told(work)
    if (entries.value.some((entry) => entry.name === name)) {
      selection.value = { ...nothingChosen, current: name, anchor: name }
    }
  }

  /** Says how much it is, and deletes what is chosen when that is confirmed. */
  async function remove(): Promise<void> {
    const names = [...selection.value.chosen]
    const paths = chosenPaths()
    if (paths.length === 0) return
    await told(async () => {
      const { entries: n, bytes, isPartial } = await contents.measure({ host, paths })
      const size = formatBytes(bytes)
      const what = names.length === 1 ? (names[0] ?? '') : t('hostFiles.removeSeveral', { n: names.length })
      const count = isPartial
        ? t('hostFiles.removeMore', { n: formatNumber(n), size })
        : t('hostFiles.removeText', { n: formatNumber(n), size }, n)
      const question = {
        title: t('hostFiles.removeTitle', { what }),
        text: count,
        action: t('hostFiles.remove'),
        isDestructive: true,
      }
      if (await confirm(question)) await contents.remove({ host, paths })
    })
  }

  return {
    path,
    isHiddenShown,
    selection,
    listing,
    folder,
    entries,
    at,
    chosenPaths,
    go,
    up,
    remove,
    makeFolder: (name: string) => chooseAfter(name, () => contents.makeFolder({ host, path: at(name) })),
    rename: (from: string, name: string) =>
      chooseAfter(name, async () => from !== name && (await contents.rename({ host, path: at(from), name }))),
  }
}
