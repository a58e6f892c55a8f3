import { bootId, isSameBoot, parseProcStat, processFacts } from './platform.ts'

/** Names one process for ever: a number alone is given again, after a while or after a restart of the host. */
export interface ProcessStamp {
  pid: number
  bootId: string
  startTime: string | null
}

export const ownStamp = (): ProcessStamp => stampOf(process.pid)

export const stampOf = (pid: number): ProcessStamp => ({
  pid,
  bootId: bootId(),
  startTime: processFacts(pid)?.startTime ?? null,
})

export function isAlive(stamp: ProcessStamp): boolean {
  if (stamp.pid <= 0 || !isSameBoot(stamp.bootId, bootId())) return false
  const facts = processFacts(stamp.pid)
  if (!facts || facts.isZombie) return false
  return stamp.startTime === null || facts.startTime === null || stamp.startTime === facts.startTime
}

/**
 * The `pid` file, which a launcher writes about itself with the means of a shell: number, boot id, then the line of
 * `/proc/<pid>/stat`, or of `ps -o lstart=` where there is no /proc. Null while it is not complete.
 */
export function parsePidFile(text: string): ProcessStamp | null {
  const [pid = '', boot = '', start = ''] = text.split('\n')
  if (!/^\d+$/.test(pid) || !text.endsWith('\n') || boot === '') return null
  const startTime = start.includes('(') ? parseProcStat(start).startTime : start.trim().replace(/\s+/g, ' ') || null
  return { pid: Number(pid), bootId: boot, startTime }
}
