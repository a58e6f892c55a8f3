import { computed, ref, type Ref } from 'vue'
import type { Plan } from '#engine/protocol/index.ts'
import { needsOf } from '@/forms/model/needs.ts'

/** Which fields of a form have been worked on, and with that: what it waits for, and what is wrong with it. */
export function useNeeds(plan: Readonly<Ref<Plan | null>>) {
  const touched = ref<ReadonlySet<string>>(new Set())
  const split = computed(() => needsOf(plan.value?.findings ?? [], touched.value))

  const touch = (...names: string[]) => {
    if (names.some((name) => !touched.value.has(name))) touched.value = new Set([...touched.value, ...names])
  }
  const forget = () => (touched.value = new Set())

  return {
    needs: computed(() => split.value.fields),
    findings: computed(() => split.value.findings),
    touch,
    forget,
  }
}
