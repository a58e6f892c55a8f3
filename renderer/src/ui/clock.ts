import { onScopeDispose, type Ref, ref } from 'vue'

interface Clock {
  readonly now: Ref<number>
  readonly timer: ReturnType<typeof setInterval>
  users: number
}

/** One clock per interval, so that ages that are shown together change together. */
const clocks = new Map<number, Clock>()

/** The time now, renewed every `everyMs` while something uses it. */
export function useNow(everyMs = 1000): Readonly<Ref<number>> {
  const known = clocks.get(everyMs)
  const now = known?.now ?? ref(Date.now())
  const timer = known?.timer ?? setInterval(() => (now.value = Date.now()), everyMs)
  const clock = known ?? { now, timer, users: 0 }
  clocks.set(everyMs, clock)
  clock.users++
  onScopeDispose(() => {
    if (--clock.users > 0) return
    clearInterval(timer)
    clocks.delete(everyMs)
  })
  return now
}
