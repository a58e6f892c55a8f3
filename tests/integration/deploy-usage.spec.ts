import { execFileSync } from 'node:child_process'
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HostId, JobId } from '#engine/protocol/ids.ts'
import { jobs } from '#engine/protocol/jobs.ts'
import { terminals } from '#engine/protocol/terminals.ts'
import { Deployer } from '#main/deploy/deployer.ts'
import { Engine } from '#main/engines/engine.ts'
import { SshEngineLink } from '#main/engines/ssh-link.ts'
import type { SshLink } from '#main/links/link.ts'
import { until } from '../fixtures/until.ts'
import { TestLinks } from '../hosts/links.ts'
import { noSshd, SshLab } from '../hosts/sshd.ts'

const missing = noSshd()
const bundle = new URL('../../dist/engine/engine.mjs', import.meta.url).pathname
const runtime = 'node-24.21.0-linux-x64'

describe.skipIf(missing !== null)(`what engines on a host are used for${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let links: TestLinks
  let link: SshLink
  let dir: string

  beforeAll(async () => {
    lab = new SshLab()
    // A host without a Node of its own, but with what every Linux has.
    const bin = join(lab.folder, 'bin')
    mkdirSync(bin)
    const tools =
      'sh bash uname getconf basename cat mkdir mktemp gzip sha256sum cut sync mv rm rmdir chmod head env ls'
    for (const name of `${tools} sleep du date wc tr grep sed seq script tty stty id`.split(' ')) {
      symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(bin, name))
    }
    const server = await lab.start('npu', { config: { SetEnv: `PATH=${bin}` } })
    const key = lab.key('user')
    server.authorize(key)
    links = new TestLinks({ folder: lab.folder })
    dir = join(lab.folder, 'home of the engine')
    link = links.to('npu', server, { keys: [key], auth: ['key'], engineDir: dir })
    mkdirSync(join(dir, 'runtime', runtime, 'bin'), { recursive: true })
    symlinkSync(process.execPath, join(dir, 'runtime', runtime, 'bin', 'node'))
    link.connect()
    await link.ready()
  })
  afterAll(async () => {
    links[Symbol.dispose]()
    await lab[Symbol.asyncDispose]()
  })

  const deployerOf = (version: string, file = bundle) => {
    const runtimes = { get: () => Promise.reject(new Error('none is to be fetched')) }
    return new Deployer({ version, bundle: file, runtimes, log: links.log })
  }

  it('tells it, and removes nothing that runs', async () => {
    const old = deployerOf('1.0.0')
    const id = JobId.parse('long')
    let first = ''
    {
      using engine = new Engine(
        HostId.parse('npu'),
        new SshEngineLink(link, old.resolve, links.log),
        links.clock,
        links.log,
      )
      engine.start()
      const client = await engine.client(jobs)
      const run = { kind: 'script', script: 'for i in $(seq 900); do sleep 0.1; done' } as const
      await client.submit({ id, title: { en: '', 'zh-CN': '' }, run })
      await (await engine.client(terminals)).open({ columns: 80, rows: 24, container: null })
      first = (await old.installed(link)).current
    }

    const newer = join(lab.folder, 'newer.mjs')
    copyFileSync(bundle, newer)
    appendFileSync(newer, '\n// another build\n')
    const deployer = deployerOf('2.0.0', newer)
    using engine = new Engine(
      HostId.parse('npu'),
      new SshEngineLink(link, deployer.resolve, links.log),
      links.clock,
      links.log,
    )
    engine.start()
    const client = await engine.client(jobs)
    const usage = await until(async () => {
      const found = await deployer.usage(link)
      return found.engines.some(({ connections, jobs }) => connections === 1 && jobs === 0) ? found : undefined
    }, 'the new engine')
    expect(usage.engines.find(({ name }) => name === first)).toMatchObject({ jobs: 1, terminals: 1, connections: 0 })
    expect(usage.jobFolders).toBe(1)
    expect(usage.totalBytes).toBeGreaterThan(usage.engines[0]?.bytes ?? Infinity)
    await expect(deployer.remove(link, first)).rejects.toMatchObject({
      code: 'engine.versionBusy',
      params: { name: first, count: 2 },
    })
    await expect(deployer.removeRuntime(link, runtime)).rejects.toMatchObject({ code: 'engine.runtimeBusy' })

    await client.stop({ id })
    const kept = await engine.client(terminals)
    for (const terminal of await kept.list({})) await kept.close({ id: terminal.id })
    await until(async () => {
      const { engines } = await deployer.usage(link)
      return engines.every(({ jobs, terminals }) => jobs + terminals === 0) || undefined
    }, 'the end of what ran')
    await deployer.remove(link, first)
    expect(readdirSync(join(dir, 'engine'))).toEqual([(await deployer.installed(link)).current])

    engine.stop()
    await until(async () => (await deployer.usage(link)).runtimes[0]?.programs === 0 || undefined, 'the engine’s end')
    await deployer.removeRuntime(link, runtime)
    expect(existsSync(join(dir, 'runtime', runtime))).toBe(false)
    expect((await deployer.installed(link)).node).toBeNull()
  })
})
