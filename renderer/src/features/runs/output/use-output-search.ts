import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'
import { stripAnsi } from './ansi.ts'
import type { OutputModel } from './output-model.ts'

/** Gives the page a chance to draw between slices of a search. */
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

/** Rows that hold the text searched for. Lines that come later are searched as they come, the known ones once. */
export function useOutputSearch(model: () => OutputModel | null, version: Readonly<Ref<number>>) {
  const query = ref('')
  const hits = ref<readonly number[]>([])
  const at = ref(0)
  let searched = 0
  let running: AbortController | null = null
  onScopeDispose(() => running?.abort())

  async function search(from: number) {
    const output = model()
    if (!output || query.value === '') return
    running?.abort()
    const controller = (running = new AbortController())
    const { signal } = controller
    const found = await output.search(query.value, stripAnsi, { from, signal, pause })
    if (signal.aborted) return
    // The last row may still grow: it is looked at again with what follows.
    searched = Math.max(0, output.rowCount - 1)
    const kept = hits.value.filter((row) => row < from)
    if (kept.length + found.length !== hits.value.length || found.length > 0) hits.value = [...kept, ...found]
    running = null
  }

  watch([query, model], () => {
    hits.value = []
    at.value = 0
    searched = 0
    running?.abort()
    running = null
    void search(0)
  })
  watch(version, () => {
    if (query.value !== '' && running === null) void search(searched)
  })

  /** Goes to the next or the one before, around the ends; answers its row. */
  function step(by: number): number | null {
    if (hits.value.length === 0) return null
    at.value = (at.value + by + hits.value.length) % hits.value.length
    return hits.value[at.value] ?? null
  }
  const row = computed(() => hits.value[at.value] ?? null)
  return { query, hits, at, row, step }
}
