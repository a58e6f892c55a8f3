import { availableParallelism } from 'node:os'

/** More threads than this wait for the disk, and each holds buffers. */
const MAX_THREADS = 4
/** Below this, threads take longer to start than they save. */
const LEAST_BYTES = 64 * 1024 * 1024

/** They pass bytes on and drop little: the default for young objects is 48 MB for each. */
export const threadLimits = { maxYoungGenerationSizeMb: 6 } as const

/** How many threads work on so many bytes; 1 means none beside the one that asks. @param wanted wins where it is given */
export const threadsFor = (bytes: number, wanted: number | undefined): number =>
  wanted ?? (bytes >= LEAST_BYTES ? Math.min(availableParallelism(), MAX_THREADS) : 1)
