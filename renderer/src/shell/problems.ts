import type { Finding } from '#engine/protocol/index.ts'
import { computed, onScopeDispose, shallowReactive } from 'vue'

/** Findings of one open place, for the drawer and the status bar. */
export interface ProblemSource {
  readonly id: string
  readonly title: string
  readonly open: () => void
  readonly findings: readonly Finding[]
}

const sources = shallowReactive(new Map<symbol, () => ProblemSource>())

/** Shows the findings of a view under Problems for as long as the view is open. */
export function useProblems(source: () => ProblemSource): void {
  const key = Symbol()
  sources.set(key, source)
  onScopeDispose(() => sources.delete(key))
}

/** All places that have errors or warnings; notes are not problems. */
export const problemSources = computed(() =>
  [...sources.values()]
    .map((source) => source())
    .map((source) => ({ ...source, findings: source.findings.filter(({ level }) => level !== 'note') }))
    .filter(({ findings }) => findings.length > 0),
)

export const problemCount = computed(() => problemSources.value.reduce((sum, { findings }) => sum + findings.length, 0))
