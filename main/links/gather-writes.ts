import type { Writable } from 'node:stream'

/**
 * Lets what is written in one turn of the event loop go to the system at once: the library writes each packet in three
 * pieces, and a piece of a file is a dozen packets.
 */
export function gatherWrites(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
  let isGathering = false
  const gathering = (...args: unknown[]): boolean => {
    if (!isGathering) {
      isGathering = true
      stream.cork()
      process.nextTick(() => {
        isGathering = false
        stream.uncork()
      })
    }
    return write(...args)
  }
  stream.write = gathering as Writable['write']
}
