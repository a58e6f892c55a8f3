import { execFileSync, spawnSync } from 'node:child_process'

const NAMESPACE = `awb-bench-${process.pid}`
/** Enough for what both ends send in a few milliseconds. */
const SHAPE = ['rate', '1gbit', 'burst', '1mb', 'latency', '50ms']

/** Transfers over a loopback of 1 Gbit/s, as an office network has: this bench in a network namespace of its own. */
export function overGigabit(bench: string): void {
  try {
    execFileSync('ip', ['netns', 'add', NAMESPACE], { stdio: 'pipe' })
  } catch (error) {
    console.log(`\nLeft out transfers at 1 Gbit/s: no network namespace (${(error as Error).message.trim()})`)
    return
  }
  try {
    const inside = ['netns', 'exec', NAMESPACE]
    execFileSync('ip', [...inside, 'ip', 'link', 'set', 'lo', 'up'])
    execFileSync('ip', [...inside, 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'tbf', ...SHAPE])
    console.log('\nThe same over a link of 1 Gbit/s:')
    const { status } = spawnSync('ip', [...inside, process.execPath, bench, 'transferring'], { stdio: 'inherit' })
    if (status !== 0) throw new Error(`transfers at 1 Gbit/s ended with ${status}`)
  } finally {
    execFileSync('ip', ['netns', 'del', NAMESPACE])
  }
}
