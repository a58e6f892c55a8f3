import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks per second of /proc (`getconf CLK_TCK`), which is 100 on every Linux that Node runs on. */
const TICKS = 100

/** Milliseconds of processor time that a process took, and what its ended children took. */
export function cpuMs(stat: string): { own: number; children: number } {
  // The name of the program may hold blanks; the fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ms = (field: number) => (Number(fields[field - 3]) * 1000) / TICKS
  return { own: ms(14) + ms(15), children: ms(16) + ms(17) }
}

export const cpuOf = (pid: number): { own: number; children: number } =>
  cpuMs(readFileSync(`/proc/${pid}/stat`, 'utf8'))

/** Bytes of memory of a process: all of it, and its share where pages are used by several. */
export function memoryOf(pid: number): { rss: number; pss: number } {
  const text = readOr(`/proc/${pid}/smaps_rollup`)
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
  return { rss: kibibytes('Rss') * 1024, pss: kibibytes('Pss') * 1024 }
}

/** Processes whose command line fits, with everything below them. */
export function processTree(fits: (commandLine: string) => boolean): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const roots = all.filter((pid) => fits(readOr(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')))
  const found = new Set<number>()
  const add = (pid: number): void => {
    if (found.has(pid)) return
    found.add(pid)
    for (const child of readOr(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean)) add(Number(child))
  }
  for (const pid of roots) add(Number(pid))
  return [...found]
}

/** What has ended meanwhile reads as nothing. */
function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
