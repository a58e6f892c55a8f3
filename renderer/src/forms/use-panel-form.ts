import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'
import type { FormValue, FormValues, HostId, PanelForm } from '#engine/protocol/index.ts'
import { useWorkbench } from '@/workbench/index.ts'
import { fieldsOf } from './model/fields.ts'
import { knownValues, submittedValues } from './model/values.ts'

export interface PanelFormKey {
  readonly family: string
  readonly panel: string
  readonly host: HostId
}

/** Long enough to write once per word, short enough that a reload loses at most the last letters. */
const SAVE_AFTER_MS = 150

/**
 * The values of a panel on a host: read when the key changes, written soon after each change and when the page goes.
 * `seed` values (from a recipe, a rerun or a “use in” button) are laid over what was remembered.
 */
export function usePanelForm(key: Readonly<Ref<PanelFormKey>>, form: Readonly<Ref<PanelForm>>) {
  const workbench = useWorkbench()
  const values = ref<FormValues>({})
  const isLoaded = ref(false)
  let unsaved: { key: PanelFormKey; values: FormValues } | null = null
  let timer: ReturnType<typeof setTimeout> | null = null
  /** Seeds that came before the remembered values were read. */
  let pendingSeed: FormValues = {}

  const fields = computed(() => fieldsOf(form.value))
  const submitted = computed(() => submittedValues(fields.value, values.value))

  function flush() {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (!unsaved) return
    const { key: of, values: what } = unsaved
    unsaved = null
    // A failed save loses nothing on screen; the next keystroke tries again.
    void workbench.settings.saveForm({ ...of, values: what }).catch(() => undefined)
  }

  function scheduleSave() {
    unsaved = { key: key.value, values: { ...values.value } }
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(flush, SAVE_AFTER_MS)
  }

  watch(
    key,
    async (current, previous) => {
      if (previous && JSON.stringify(current) === JSON.stringify(previous)) return
      flush()
      isLoaded.value = false
      values.value = {}
      const loaded = await workbench.settings.loadForm(current).catch(() => ({ values: null }))
      if (key.value !== current && JSON.stringify(key.value) !== JSON.stringify(current)) return
      values.value = { ...knownValues(fields.value, loaded.values ?? {}), ...pendingSeed }
      if (Object.keys(pendingSeed).length > 0) scheduleSave()
      pendingSeed = {}
      isLoaded.value = true
    },
    { immediate: true },
  )

  function update(name: string, value: FormValue | undefined) {
    const others = Object.entries(values.value).filter(([other]) => other !== name)
    values.value = Object.fromEntries(value === undefined ? others : [...others, [name, value]])
    scheduleSave()
  }

  function seed(more: FormValues) {
    const known = knownValues(fields.value, more)
    if (!isLoaded.value) {
      pendingSeed = { ...pendingSeed, ...known }
      return
    }
    values.value = { ...values.value, ...known }
    scheduleSave()
  }

  function reset() {
    values.value = {}
    scheduleSave()
  }

  addEventListener('pagehide', flush)
  onScopeDispose(() => {
    removeEventListener('pagehide', flush)
    flush()
  })

  return { values, submitted, isLoaded, update, seed, reset }
}
