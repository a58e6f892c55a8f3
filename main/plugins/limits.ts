/** What a plugin may use. A breach ends its worker and the call; everything else goes on. */
export interface PluginLimits {
  /** Time a call may take inside the sandbox before it is interrupted. */
  readonly callMs: number
  /** Time on top of it for native code that cannot be interrupted; then the worker is ended. */
  readonly graceMs: number
  /** Time for a new worker to come up. */
  readonly startMs: number
  /** What the script's heap may hold. */
  readonly heapBytes: number
  /** Hard size of the sandbox's memory, heap and stack together, in pages of 64 KiB. */
  readonly memoryPages: number
  readonly stackBytes: number
  /** Length of a call's input and of its answer as JSON. */
  readonly payloadBytes: number
}

export const pluginLimits: PluginLimits = {
  callMs: 2000,
  graceMs: 1000,
  startMs: 10_000,
  heapBytes: 32 * 1024 * 1024,
  memoryPages: 1024,
  stackBytes: 256 * 1024,
  payloadBytes: 1024 * 1024,
}

/** What an archive may hold. */
export const archiveLimits = {
  archiveBytes: 4 * 1024 * 1024,
  expandedBytes: 8 * 1024 * 1024,
  entries: 64,
  nameLength: 200,
  scriptBytes: 1024 * 1024,
  manifestBytes: 1024 * 1024,
} as const
