import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { isMissing } from '../host/fs-errors.ts'

/** What systems do differently about processes. Linux is asked through /proc, macOS through ps and sysctl. */

export const isWindows = process.platform === 'win32'

/** Names one boot of this host. `AWB_BOOT_ID` replaces it in tests. */
export function bootId(): string {
  if (process.env.AWB_BOOT_ID) return process.env.AWB_BOOT_ID
  if (process.platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  if (process.platform === 'darwin') return ask('sysctl', '-n', 'kern.bootsessionuuid')
  return `boot@${Math.round(Date.now() / 1000 - uptime())}`
}

/** Boot times, where there is no boot id, wander with the clock's corrections. */
const BOOT_TIME_TOLERANCE_S = 120

export function isSameBoot(a: string, b: string): boolean {
  if (a === b) return true
  if (!a.startsWith('boot@') || !b.startsWith('boot@')) return false
  return Math.abs(Number(a.slice(5)) - Number(b.slice(5))) < BOOT_TIME_TOLERANCE_S
}

export interface ProcessFacts {
  /** Tells two processes of the same number apart; null where the system does not say. */
  startTime: string | null
  group: number | null
  /** Ended, but not yet collected by its parent. In containers without an init it can stay so for ever. */
  isZombie: boolean
}

/** What is known of a process, or null when there is none of this number. */
export function processFacts(pid: number): ProcessFacts | null {
  if (process.platform === 'linux') {
    try {
      return parseProcStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    } catch (error) {
      // ESRCH: it ended between open and read.
      if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'ESRCH') return null
      throw error
    }
  }
  if (!signalProcess(pid, 0)) return null
  if (isWindows) return { startTime: null, group: null, isZombie: false }
  const line = ask('ps', '-o', 'stat=,pgid=,lstart=', '-p', String(pid))
  const [stat = '', group = '', ...start] = line.split(/\s+/)
  if (line === '') return null
  return { startTime: start.join(' '), group: Number(group), isZombie: stat.startsWith('Z') }
}

/** `/proc/<pid>/stat`: the name in parentheses may itself hold blanks and parentheses. See proc(5). */
export function parseProcStat(text: string): ProcessFacts {
  const [state = '', , group = ''] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const startTime = text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
  return { startTime, group: Number(group), isZombie: state === 'Z' || state === 'X' }
}

/** False when the process (or, for a negative number, the group) is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ESRCH') return false
    if (code === 'EPERM') return true
    throw error
  }
}

/** Sends a signal to a process and all its children. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  if (!isWindows) {
    signalProcess(-leader, signal)
    return
  }
  // Windows has no TERM: programs without a window can only be ended, the whole tree at once.
  spawnSync('taskkill', ['/PID', String(leader), '/T', '/F'], { stdio: 'ignore', windowsHide: true })
}

/** True while a living process is left in the group. */
export function isGroupAlive(leader: number): boolean {
  if (isWindows) return signalProcess(leader, 0)
  if (!signalProcess(-leader, 0)) return false
  if (process.platform !== 'linux') return true
  return processIds().some((pid) => {
    const facts = processFacts(pid)
    return facts !== null && facts.group === leader && !facts.isZombie
  })
}

/**
 * Living processes outside a group that were started with a variable, `NAME=value`, in their environment: launchers
 * like torchrun give each worker a session of its own, and leave them behind when they are killed. Linux only.
 */
export function processesMarked(variable: string, outsideGroup: number): number[] {
  if (process.platform !== 'linux') return []
  return processIds().filter((pid) => {
    const facts = processFacts(pid)
    if (!facts || facts.isZombie || facts.group === outsideGroup) return false
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable)
    } catch {
      // Another user's process, or one that ended meanwhile.
      return false
    }
  })
}

const processIds = (): number[] => readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))

function ask(command: string, ...args: string[]): string {
  return spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } }).stdout.trim()
}
