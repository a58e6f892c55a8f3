import { useWorkbench } from '../workbench/index.ts'
import { type Ref, shallowRef, watch } from 'vue'

const SAVE_DELAY_MS = 400

/** Everything the page remembers by key: open tabs, drawer, chosen host, sizes. Opaque to main. */
let saved: Record<string, unknown> = {}
let timer: ReturnType<typeof setTimeout> | undefined
let refs = new Map<string, Ref<unknown>>()

/** Reads what was saved; called once before the page is mounted. Unreadable parts fall back to their defaults. */
export async function loadLayout(): Promise<void> {
  const { layout } = await useWorkbench().settings.loadLayout({})
  useSavedLayout(layout)
}

/** Starts from a saved layout; anything but an object means an empty one. */
export function useSavedLayout(layout: unknown): void {
  saved = typeof layout === 'object' && layout !== null && !Array.isArray(layout) ? { ...layout } : {}
  refs = new Map()
}

/** Writes what is still waiting to be saved. While offline it is kept and goes with the next change. */
export async function flushLayout(): Promise<void> {
  clearTimeout(timer)
  await useWorkbench()
    .settings.saveLayout({ layout: saved })
    .catch(() => undefined)
}

/** What is needed of a zod schema. */
interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false }
}

/** A part of the layout that survives a restart. Everyone who asks for the same key shares the ref. */
export function remembered<T>(key: string, schema: Schema<T>, fallback: T): Ref<T> {
  const known = refs.get(key)
  if (known) return known as Ref<T>
  const parsed = schema.safeParse(saved[key])
  const value = shallowRef(parsed.success ? parsed.data : fallback)
  watch(value, (next) => {
    saved = { ...saved, [key]: next }
    clearTimeout(timer)
    timer = setTimeout(() => void flushLayout(), SAVE_DELAY_MS)
  })
  refs.set(key, value)
  return value
}
