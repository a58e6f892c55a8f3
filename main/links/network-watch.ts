import { networkInterfaces } from 'node:os'
import type { Clock } from '../clock.ts'
import { onDispose } from '../scope.ts'

const EVERY_MS = 5000
/** A pause this much longer than meant was a sleep of the computer. */
const SLEPT_MS = 15_000

/** The addresses of this computer that lead anywhere, as one text. */
export const networkFingerprint = (): string =>
  Object.entries(networkInterfaces())
    .flatMap(([name, addresses]) =>
      (addresses ?? []).filter(({ internal }) => !internal).map(({ address }) => `${name} ${address}`),
    )
    .sort()
    .join('\n')

/** Calls `onChange` after the computer woke up and after its network changed: links are looked at then, not later. */
export function watchNetwork(clock: Clock, onChange: () => void, look: () => string = networkFingerprint): Disposable {
  let seen = look()
  let lookedAt = clock.now()
  let timer: Disposable
  const tick = () => {
    const now = clock.now()
    const network = look()
    const hasSlept = now - lookedAt > EVERY_MS + SLEPT_MS
    const hasMoved = network !== seen
    seen = network
    lookedAt = now
    if (hasSlept || hasMoved) onChange()
    timer = clock.after(EVERY_MS, tick)
  }
  timer = clock.after(EVERY_MS, tick)
  return onDispose(() => timer[Symbol.dispose]())
}
