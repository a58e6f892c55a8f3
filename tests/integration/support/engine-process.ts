import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { JobId } from '#engine/protocol/ids.ts'
import { jobs, type JobSpec, type JobView, type JournalEntry } from '#engine/protocol/jobs.ts'
import { type Connection, connect } from '#engine/rpc/connect.ts'
import { streamTransport } from '#engine/rpc/node.ts'
import type { Client } from '#engine/rpc/topic.ts'

const ENTRY = fileURLToPath(new URL('../../../engine/cli.ts', import.meta.url))

/** An engine in a process of its own, as main starts it. */
export class EngineProcess implements AsyncDisposable {
  readonly child: ChildProcess
  readonly connection: Connection
  readonly jobs: Client<(typeof jobs)['members']>

  constructor(home: string, env: Record<string, string> = {}) {
    const environment = { ...process.env, AWB_HOME: home, ...env }
    this.child = spawn(process.execPath, [ENTRY, 'serve'], { stdio: ['pipe', 'pipe', 'inherit'], env: environment })
    if (!this.child.stdout || !this.child.stdin) throw new Error('the engine has no pipes')
    this.connection = connect(streamTransport(this.child.stdout, this.child.stdin))
    this.jobs = this.connection.topic(jobs)
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exited = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    this.connection[Symbol.dispose]()
  }
}

/** A state folder of its own; on disposal every process of its jobs is ended, by id, and the folder removed. */
export class TestHome implements Disposable {
  readonly path: string

  constructor(parent = tmpdir()) {
    this.path = mkdtempSync(join(parent, 'awb-jobs-'))
  }

  job(id: string, name = ''): string {
    return join(this.path, 'jobs', id, name)
  }

  /** Process ids of the supervisors of a job that were started so far, in order. */
  supervisors(id: string): number[] {
    if (!existsSync(this.job(id))) return []
    const generations = readdirSync(this.job(id)).flatMap((name) => /^supervisor\.(\d+)\.json$/.exec(name)?.[1] ?? [])
    const inOrder = generations.map(Number).sort((a, b) => a - b)
    return inOrder.map((n) => (JSON.parse(this.read(id, `supervisor.${n}.json`)) as { pid: number }).pid)
  }

  /** Empty while the file is not there. */
  read(id: string, name: string): string {
    const path = this.job(id, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  [Symbol.dispose](): void {
    const folder = join(this.path, 'jobs')
    for (const id of existsSync(folder) ? readdirSync(folder) : []) {
      for (const pid of this.supervisors(id)) signal(pid, 'SIGKILL')
      const leader = Number(this.read(id, 'pid').split('\n')[0])
      if (leader > 0 && isOurs(leader, id)) signal(-leader, 'SIGKILL')
    }
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Guards against a number that was given to another process meanwhile. */
function isOurs(pid: number, id: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`awb-job-${id}`)
  } catch {
    return false
  }
}

/** False when there is no such process any more. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

export const scriptJob = (id: string, script: string, more: Partial<JobSpec> = {}): JobSpec => ({
  id: JobId.parse(id),
  title: { en: id, 'zh-CN': id },
  run: { kind: 'script', script, dialect: 'plain' },
  files: [],
  env: {},
  labels: {},
  ...more,
})

export async function outputOf(engine: EngineProcess, id: string, from = 0): Promise<Buffer> {
  const chunks: Buffer[] = []
  let next = from
  for await (const { offset, data } of engine.jobs.output({ id, from })) {
    if (offset !== next) throw new Error(`expected the chunk at ${next}, got the one at ${offset}`)
    chunks.push(Buffer.from(data, 'base64'))
    next += chunks.at(-1)?.length ?? 0
  }
  return Buffer.concat(chunks)
}

export async function journalOf(engine: EngineProcess, id: string, from = 1): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = []
  for await (const batch of engine.jobs.journal({ id, from })) entries.push(...batch)
  return entries
}

/** Waits until a condition of the outside world holds; fails with its name. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline;) {
    if (await holds()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`waited in vain until ${what}`)
}

export async function ended(engine: EngineProcess, id: string): Promise<JobView> {
  await journalOf(engine, id)
  return await engine.jobs.get({ id })
}
