import { setTimeout as sleep } from 'node:timers/promises'
import { npus } from '#contract/index.ts'
import type { SshLab } from '../../hosts/sshd.ts'
import { cpuOf, memoryOf, processTree } from './processes.ts'
import { mebibytes, printTable } from './report.ts'
import { BenchWorkbench } from './workbench.ts'

const HOSTS = 32
/** As often as a page asks. */
const PERIOD_MS = 3000
const QUIET_MS = 8000
const WATCHED_MS = 18_000

/** What main costs when many hosts are connected, and when a page watches the NPUs of all of them. */
export async function watching(lab: SshLab): Promise<void> {
  let bare = 0
  await using workbench = await BenchWorkbench.start(lab, HOSTS, (pid) => (bare = memoryOf(pid).rss))
  const { pid, contract, engineDirs } = workbench
  const quiet = await cpuShare(pid, QUIET_MS)
  let samples = 0
  let isCounting = false
  const errors: unknown[] = []
  using _watching = contract.topic(npus).watch(
    { periodMs: PERIOD_MS },
    {
      snapshot: () => undefined,
      delta: ({ host }) => {
        if (isCounting && host.sample?.table) samples++
      },
      error: (error) => errors.push(error),
    },
  )
  await sleep(PERIOD_MS)
  isCounting = true
  const watched = await cpuShare(pid, WATCHED_MS)
  isCounting = false
  if (errors.length > 0) throw errors[0]
  const engines = processTree((line) => engineDirs.some((dir) => line.includes(`${dir}/engine/`)))
  const engineBytes = engines.reduce((sum, one) => sum + memoryOf(one).pss, 0)
  printTable(
    `${HOSTS} hosts at once, each behind a server of its own, 8 chips each`,
    ['what', 'figure'],
    [
      ['processor time of main, connected and quiet', `${quiet.toFixed(1)} % of a core`],
      [`processor time of main, all watched every ${PERIOD_MS / 1000} s`, `${watched.toFixed(1)} % of a core`],
      [
        'samples a second',
        `${((samples * 1000) / WATCHED_MS).toFixed(1)} of ${((HOSTS * 1000) / PERIOD_MS).toFixed(1)}`,
      ],
      ['memory of main without hosts', `${mebibytes(bare)} MiB`],
      ['memory of main with all of them', `${mebibytes(memoryOf(pid).rss)} MiB`],
      ['memory of one engine, its share of what engines share', `${mebibytes(engineBytes / HOSTS)} MiB`],
    ],
  )
}

/** Percent of one core. */
async function cpuShare(pid: number, ms: number): Promise<number> {
  const before = cpuOf(pid).own
  const startedAt = performance.now()
  await sleep(ms)
  return ((cpuOf(pid).own - before) * 100) / (performance.now() - startedAt)
}
