import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { JobDelta } from '#engine/protocol/jobs.ts'
import { EngineProcess, ended, outputOf, scriptJob, TestHome, until } from './support/engine-process.ts'

describe('submitting a job', () => {
  it('changes nothing when the id is known already, whichever engine gets it', async () => {
    using home = new TestHome()
    await using one = new EngineProcess(home.path)
    await using two = new EngineProcess(home.path)
    const spec = scriptJob('a', 'echo once')
    const other = scriptJob('a', 'echo twice')
    await Promise.all([one.jobs.submit(spec), two.jobs.submit(spec), one.jobs.submit(spec)])
    await two.jobs.submit(other)
    expect((await outputOf(one, 'a')).toString()).toBe('once\n')
    await one.jobs.submit(other)
    expect((await outputOf(two, 'a')).toString()).toBe('once\n')
    expect(await one.jobs.list({})).toHaveLength(1)
  })

  it('writes the files first, and hands over folder, environment and labels', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    const cwd = join(home.path, 'work')
    mkdirSync(cwd)
    const script = 'pwd\ncat deep/er/config.yaml\necho "$GREETING $AWB_JOB_ID"\n'
    const files = [{ path: join(cwd, 'deep', 'er', 'config.yaml'), content: '量化: 无\n' }]
    const spec = scriptJob('a', script, { cwd, files, env: { GREETING: 'hello there' }, labels: { run: 'r1' } })
    expect(await engine.jobs.submit(spec)).toMatchObject({ labels: { run: 'r1' } })
    expect((await outputOf(engine, 'a')).toString()).toBe(`${cwd}\n量化: 无\nhello there a\n`)
  })

  it('refuses what cannot run, and leaves nothing behind', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    const wrongTask = scriptJob('a', '', {
      run: { kind: 'task', task: 'checkpoint.verify', spec: { checkpoint: '/x' } },
    })
    await expect(engine.jobs.submit(wrongTask)).rejects.toMatchObject({
      code: 'input.invalid',
      params: { subject: 'checkpoint.verify', reason: expect.stringContaining('against') as string },
    })
    const relative = scriptJob('b', 'true', { files: [{ path: 'config.yaml', content: '' }] })
    await expect(engine.jobs.submit(relative)).rejects.toMatchObject({ code: 'input.invalid' })
    expect(await engine.jobs.list({})).toEqual([])
    await engine.jobs.submit(scriptJob('c', 'true', { cwd: join(home.path, 'nowhere') }))
    expect(await ended(engine, 'c')).toMatchObject({ state: 'failed', error: { code: 'job.cwdMissing' } })
  })

  it('reports the error of a task with its code', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    const spec = { checkpoint: join(home.path, 'none'), against: join(home.path, 'none') }
    await engine.jobs.submit(scriptJob('a', '', { run: { kind: 'task', task: 'checkpoint.verify', spec } }))
    const view = await ended(engine, 'a')
    expect(view).toMatchObject({ state: 'failed', exitCode: 1, task: 'checkpoint.verify' })
    expect(view.error?.params).toMatchObject({ path: join(home.path, 'none') })
    expect((await outputOf(engine, 'a')).toString()).toContain(join(home.path, 'none'))
  })
})

describe('watching jobs', () => {
  it('gives a snapshot, then each change, also of jobs that another engine submits and removes', async () => {
    using home = new TestHome()
    await using one = new EngineProcess(home.path)
    await using two = new EngineProcess(home.path)
    await one.jobs.submit(scriptJob('first', 'true'))
    await ended(one, 'first')
    const seen: string[] = []
    const told = (delta: JobDelta) =>
      delta.kind === 'changed' ? `${delta.job.id} ${delta.job.state}` : `removed ${delta.id}`
    const { promise: snapshot, resolve } = Promise.withResolvers<string[]>()
    using _watching = two.jobs.watch(
      {},
      { snapshot: (views) => resolve(views.map(({ id }) => id)), delta: (delta) => seen.push(told(delta)) },
    )
    expect(await snapshot).toEqual(['first'])
    await one.jobs.submit(scriptJob('second', 'sleep 0.1; exit 3'))
    await until('its end is told', () => seen.includes('second failed'))
    await one.jobs.remove({ id: 'second' })
    await until('its removal is told', () => seen.includes('removed second'))
    expect(seen.filter((line) => line.startsWith('first'))).toEqual([])
  })
})

describe('the output of a job', () => {
  it('arrives whole at a reader that is slower than the job, without filling memory', async () => {
    using home = new TestHome()
    await using engine = new EngineProcess(home.path)
    await engine.jobs.submit(scriptJob('a', 'seq 1 4000000\n'))
    const hash = createHash('sha256')
    let bytes = 0
    for await (const { offset, data } of engine.jobs.output({ id: 'a', from: 0 })) {
      expect(offset).toBe(bytes)
      const chunk = Buffer.from(data, 'base64')
      expect(chunk.length).toBeLessThanOrEqual(64 * 1024)
      hash.update(chunk)
      bytes += chunk.length
      if (bytes < 2_000_000) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const log = readFileSync(home.job('a', 'output.log'))
    expect(bytes).toBe(log.length)
    expect(log.length).toBeGreaterThan(30_000_000)
    expect(hash.digest('hex')).toBe(createHash('sha256').update(log).digest('hex'))
    if (process.platform === 'linux') {
      const status = readFileSync(`/proc/${engine.child.pid}/status`, 'utf8')
      expect(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024).toBeLessThan(300)
    }
    expect((await outputOf(engine, 'a', bytes - 5)).length).toBe(5)
  })
})
