import { existsSync } from 'node:fs'
import { readdir, statfs } from 'node:fs/promises'
import {
  arch,
  availableParallelism,
  cpus,
  freemem,
  homedir,
  hostname,
  platform,
  release,
  totalmem,
  userInfo,
} from 'node:os'
import { dirname } from 'node:path'
import { bootId } from '../jobs/platform.ts'
import type { HostFacts } from '../protocol/host.ts'
import { sampleDir, stateDir, workspaceDir } from './dirs.ts'

/** What is known of this host without asking for rights. */
export async function hostFacts(): Promise<HostFacts> {
  const workspace = workspaceDir()
  return {
    hostname: hostname(),
    platform: platform(),
    arch: arch(),
    release: release(),
    cpuModel: cpus()[0]?.model.trim() ?? arch(),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    nodeVersion: process.versions.node,
    bootId: bootId(),
    user: userName(),
    dirs: { home: homedir(), state: stateDir(), workspace, sample: sampleDir() },
    workspaceFreeBytes: (await diskSpace(workspace)).freeBytes,
    npus: await npuDevices(),
  }
}

/** Space of the disk that a path lies on or would lie on, in bytes: free for this user, and in total. */
export async function diskSpace(path: string): Promise<{ freeBytes: number; totalBytes: number }> {
  let existing = path
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing)
  const { bavail, blocks, bsize } = await statfs(existing)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

/** The driver makes one device node per NPU: /dev/davinci0, /dev/davinci1, ... (davinci_manager is not one). */
async function npuDevices(): Promise<{ name: string }[]> {
  if (platform() !== 'linux') return []
  const names = (await readdir('/dev')).filter((name) => /^davinci\d+$/.test(name))
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).map((name) => ({ name }))
}

/** In containers the number of the user often has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}
