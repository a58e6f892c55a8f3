import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { EngineProcess, ended, journalOf, scriptJob, TestHome, until } from './support/engine-process.ts'

/** A disk of one MiB, or the reason why there can be none here. */
class SmallDisk implements Disposable {
  readonly path: string

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'awb-small-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', this.path])
  }

  static readonly missing: string | null = SmallDisk.#whyNot()

  static #whyNot(): string | null {
    if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux to mount a small tmpfs'
    try {
      new SmallDisk()[Symbol.dispose]()
      return null
    } catch {
      return 'this machine does not allow to mount a tmpfs'
    }
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['-l', this.path])
    rmdirSync(this.path)
  }
}

describe('a full disk', () => {
  it('holds the end of a job back until there is space, and refuses new jobs', async ({ skip }) => {
    skip(SmallDisk.missing !== null, SmallDisk.missing ?? '')
    using disk = new SmallDisk()
    using home = new TestHome(disk.path)
    await using engine = new EngineProcess(home.path)
    const filler = join(home.path, 'filler')
    await engine.jobs.submit(scriptJob('a', `echo began\ncat /dev/zero > ${filler} 2>/dev/null\nexit 5\n`))
    await until('the disk is full', () => existsSync(filler) && statSync(filler).size > 500_000)
    const refused = scriptJob('b', `# ${'long '.repeat(20_000)}`)
    await expect(engine.jobs.submit(refused)).rejects.toMatchObject({ code: 'file.full' })
    expect(existsSync(home.job('b'))).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect((await engine.jobs.get({ id: 'a' })).state).toBe('running')
    rmSync(filler)
    expect(await ended(engine, 'a')).toMatchObject({ state: 'failed', exitCode: 5 })
    const journal = await journalOf(engine, 'a')
    expect(journal.map(({ n }) => n)).toEqual(journal.map((_entry, index) => index + 1))
  })

  it('fails a task with its code, and leaves nothing of the output', async ({ skip }) => {
    skip(SmallDisk.missing !== null, SmallDisk.missing ?? '')
    using disk = new SmallDisk()
    using home = new TestHome(disk.path)
    await using engine = new EngineProcess(home.path)
    const definition = fileURLToPath(new URL('../../resources/sample', import.meta.url))
    const spec = { definition, output: join(home.path, 'out', 'model') }
    await engine.jobs.submit(scriptJob('a', '', { run: { kind: 'task', task: 'checkpoint.create', spec } }))
    expect(await ended(engine, 'a')).toMatchObject({ state: 'failed', exitCode: 1, error: { code: 'file.full' } })
    const out = join(home.path, 'out')
    expect(existsSync(out) ? readdirSync(out) : []).toEqual([])
  })
})
