import type { Duplex } from 'node:stream'

/** Two streams as one: each direction ends by itself, and what is gone takes the other along once that has it all. */
export function joined(a: Duplex, b: Duplex): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on('error', () => other.destroy())
    one.on('close', () => {
      if (one.readableEnded && !other.writableFinished) other.once('finish', () => other.destroy())
      else other.destroy()
    })
    one.pipe(other)
  }
}
