import { effectScope, type Ref, shallowRef, watch } from 'vue'
import { useWorkbench } from '../workbench/index.ts'

const SAVE_DELAY_MS = 400

/** What is needed of a zod schema. */
interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false }
}

interface Part {
  readonly value: Ref<unknown>
  /** The saved value, or the part's default where nothing readable was saved. */
  readonly read: () => unknown
}

/** Everything the page remembers by key: open tabs, drawer, chosen host, sizes. Opaque to main. */
let saved: Record<string, unknown> = {}
let timer: ReturnType<typeof setTimeout> | undefined
const parts = new Map<string, Part>()
/** Outlives the component that asked for a part first. */
const scope = effectScope(true)

/** Reads what was saved; called once before the frame is drawn. Unreadable parts fall back to their defaults. */
export async function loadLayout(): Promise<void> {
  const { layout } = await useWorkbench().settings.loadLayout({})
  useSavedLayout(layout)
}

/** Starts from a saved layout; anything but an object means an empty one. */
export function useSavedLayout(layout: unknown): void {
  saved = typeof layout === 'object' && layout !== null && !Array.isArray(layout) ? { ...layout } : {}
  for (const { value, read } of parts.values()) value.value = read()
}

/** Writes what is still waiting to be saved. While offline it is kept and goes with the next change. */
export async function flushLayout(): Promise<void> {
  clearTimeout(timer)
  await useWorkbench()
    .settings.saveLayout({ layout: saved })
    .catch(() => undefined)
}

/** A part of the layout that survives a restart. Everyone who asks for the same key shares the ref. */
export function remembered<T>(key: string, schema: Schema<T>, fallback: T): Ref<T> {
  const known = parts.get(key)
  if (known) return known.value as Ref<T>
  const read = () => {
    const parsed = schema.safeParse(saved[key])
    return parsed.success ? parsed.data : fallback
  }
  const value = shallowRef<T>(read())
  parts.set(key, { value, read })
  const save = (next: T) => {
    if (next === saved[key]) return
    saved = { ...saved, [key]: next }
    clearTimeout(timer)
    timer = setTimeout(() => void flushLayout(), SAVE_DELAY_MS)
  }
  scope.run(() => watch(value, save, { flush: 'sync' }))
  return value
}
