import { readFile, stat } from 'node:fs/promises'
import { platform } from 'node:os'
import type { NpuProcess } from '../../protocol/npus.ts'

/** How long names of users are believed. */
const NAMES_MS = 60_000
let names: { readAt: number; byUid: Map<number, string> } | null = null

/** The users that own processes, by pid. What cannot be told (gone, another pid namespace, not Linux) is left out. */
export async function ownersOf(processes: readonly NpuProcess[]): Promise<Record<string, string>> {
  if (platform() !== 'linux' || processes.length === 0) return {}
  const byUid = await userNames()
  const owners: Record<string, string> = {}
  await Promise.all(
    processes.map(async ({ pid }) => {
      const found = await stat(`/proc/${pid}`).catch(() => null)
      if (found) owners[pid] = byUid.get(found.uid) ?? String(found.uid)
    }),
  )
  return owners
}

async function userNames(): Promise<Map<number, string>> {
  if (names !== null && Date.now() - names.readAt < NAMES_MS) return names.byUid
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const byUid = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':')
    // The first name of a number is the one that tools show.
    if (name && uid !== undefined && !byUid.has(Number(uid))) byUid.set(Number(uid), name)
  }
  names = { readAt: Date.now(), byUid }
  return byUid
}
