import { onScopeDispose, type Ref, ref } from 'vue'

/** The time now, renewed every `everyMs` while something uses it. */
export function useNow(everyMs = 1000): Readonly<Ref<number>> {
  const now = ref(Date.now())
  const timer = setInterval(() => (now.value = Date.now()), everyMs)
  onScopeDispose(() => clearInterval(timer))
  return now
}
