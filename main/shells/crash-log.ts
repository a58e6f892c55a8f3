import type { Log } from '../log/log.ts'

/** Leaves the reason in the log before an unexpected error ends the process; jobs go on, and so do runs at the next start. */
export function logCrashes(log: Log): void {
  process.on('uncaughtExceptionMonitor', (error, origin) => log.error('process.crashed', { error, origin }))
}
