import { createHash, randomBytes } from 'node:crypto'
import { readdir, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/**
 * Names of what is not complete yet: `.<name>.awb-partial-<host>-<pid>-<random>`, or without the name inside a folder
 * that is being filled. Who is killed leaves it behind; the name tells the next one whether it may go.
 */
const marker = (name: string): string => (name === '' ? '.awb-partial-' : `.${name}.awb-partial-`)

/** A name beside (or in) the output that nobody else has. @param name of the output; empty inside it */
export async function partialPath(parent: string, name: string): Promise<string> {
  return join(parent, `${marker(name)}${await processSpace()}-${process.pid}-${randomBytes(4).toString('hex')}`)
}

/** What earlier processes of this host left of the same output when they were killed. */
export async function abandonedPartials(parent: string, name: string): Promise<string[]> {
  const prefix = `${marker(name)}${await processSpace()}-`
  const paths: string[] = []
  for (const entry of await readdir(parent)) {
    if (!entry.startsWith(prefix)) continue
    const [, pid] = /^(\d+)-[0-9a-f]{8}$/.exec(entry.slice(prefix.length)) ?? []
    if (pid !== undefined && !isRunning(Number(pid))) paths.push(join(parent, entry))
  }
  return paths
}

let space: Promise<string> | undefined

/** Where process numbers mean the same: folders may be shared between hosts, and between containers of one. */
function processSpace(): Promise<string> {
  space ??= readlink('/proc/self/ns/pid')
    // Only Linux has them.
    .catch(() => '')
    .then((namespace) => createHash('sha256').update(`${hostname()} ${namespace}`).digest('hex').slice(0, 8))
  return space
}

/** A number that another process has by now counts as running: what is left then goes another time. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
