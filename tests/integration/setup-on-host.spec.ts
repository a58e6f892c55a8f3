import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HostFacts } from '#engine/protocol/host.ts'
import { JobId, type RunId } from '#engine/protocol/ids.ts'
import { jobs } from '#engine/protocol/jobs.ts'
import { ArtifactService } from '#main/artifacts/artifact-service.ts'
import { Deployer } from '#main/deploy/deployer.ts'
import { engineContainers } from '#main/deploy/engine-place.ts'
import { Engine } from '#main/engines/engine.ts'
import { EnginePool } from '#main/engines/pool.ts'
import { SshEngineLink } from '#main/engines/ssh-link.ts'
import { HostService } from '#main/hosts/host-service.ts'
import { JobMirror } from '#main/hosts/job-mirror.ts'
import type { SshLink } from '#main/links/link.ts'
import { JournalCollector } from '#main/runs/journal-collector.ts'
import { PlanService } from '#main/runs/plan-service.ts'
import { restartHost } from '#main/runs/restart-host.ts'
import { RunBook } from '#main/runs/run-book.ts'
import { RunDriver } from '#main/runs/run-driver.ts'
import { RunService } from '#main/runs/run-service.ts'
import { Scope } from '#main/scope.ts'
import { ArtifactsRepository } from '#main/store/artifacts-repository.ts'
import { Database } from '#main/store/database.ts'
import { HostsRepository } from '#main/store/hosts-repository.ts'
import { JournalsRepository } from '#main/store/journals-repository.ts'
import { RunsRepository } from '#main/store/runs-repository.ts'
import { inputForTest } from '#plugin-api/testing.ts'
import { family, planDriver } from '../../plugins/telechat2/src/index.ts'
import { FakeFamilies, panel } from '../fixtures/fakes/families.ts'
import { until } from '../fixtures/until.ts'
import { TestLinks } from '../hosts/links.ts'
import { Machine, noContainers, noMachine } from '../hosts/machine/machine.ts'
import { machineArch, releases, writeDriverPackage, writeFirmwarePackage } from '../hosts/machine/packages.ts'
import { SshLab } from '../hosts/sshd.ts'

const missing = noMachine()
const noDocker = noContainers()
const { signal } = new AbortController()
const bundle = new URL('../../dist/engine/engine.mjs', import.meta.url).pathname

describe.skipIf(missing !== null)(`setting up a host${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let machine: Machine
  let links: TestLinks
  let link: SshLink
  let scope: Scope
  let runs: RunService
  let book: RunBook
  let packages: { driver: string; firmware: string }

  beforeAll(async () => {
    lab = new SshLab()
    mkdirSync(join(lab.folder, 'old'))
    const old = join(lab.folder, 'old')
    const driver = writeDriverPackage(lab.folder, releases.driver)
    const firmware = writeFirmwarePackage(lab.folder, releases.firmware)
    const key = lab.key('user')
    machine = await Machine.start({
      name: 'npu-03',
      address: '127.0.0.23',
      chips: 8,
      keys: [readFileSync(`${key}.pub`, 'utf8').trim()],
      node: process.execPath,
      install: [writeDriverPackage(old, releases.oldDriver), writeFirmwarePackage(old, releases.oldFirmware)],
      packages: [driver, firmware],
      ...(noDocker === null ? { image: 'small:1' } : {}),
    })
    const at = (path: string) => `/opt/packages/${basename(path)}`
    packages = { driver: at(driver), firmware: at(firmware) }
    links = new TestLinks({ folder: lab.folder })
    link = links.to('npu-03', machine, { user: 'root', keys: [key], auth: ['key'] })
    link.connect()
    await link.ready()
    scope = new Scope('test')
    startMain()
  })
  afterAll(async () => {
    scope[Symbol.dispose]()
    links[Symbol.dispose]()
    await machine[Symbol.asyncDispose]()
    await lab[Symbol.asyncDispose]()
  })

  const runtimes = {
    get: () => {
      const program = Buffer.from('#!/bin/sh\nexec /opt/node "$@"\n')
      const path = join(lab.folder, 'runtime.gz')
      writeFileSync(path, gzipSync(program))
      const sha256 = createHash('sha256').update(program).digest('hex')
      return Promise.resolve({ name: `node-24.21.0-linux-${process.arch}`, path, sha256 })
    },
  }

  const deployerOf = () => new Deployer({ version: '1.0.0', bundle, runtimes, log: links.log })

  /** The services around runs as main makes them, with one host behind a real link. */
  function startMain(): void {
    const { clock, log } = links
    const database = scope.add(new Database(':memory:'))
    const deployer = deployerOf()
    const engine = new Engine(link.host, new SshEngineLink(link, deployer.resolve, log), clock, log)
    const engines = scope.add(new EnginePool([engine]))
    const mirror = scope.add(new JobMirror(clock, log))
    const hosts = scope.add(new HostService(new HostsRepository(database), engines, mirror, clock, log))
    const artifacts = new ArtifactService(new ArtifactsRepository(database), engines, () => clock.now(), log)
    const journals = new JournalsRepository(database)
    const collector = scope.add(new JournalCollector(database, journals, engines, log))
    book = scope.add(new RunBook(new RunsRepository(database), artifacts, mirror, clock))
    const driver = scope.add(new RunDriver({ book, mirror, engines, hosts, collector, clock, log }))
    const plan = (values: Parameters<typeof inputForTest>[0], facts: HostFacts) =>
      planDriver(inputForTest(values, { facts }))
    const form = family.contributes.panels.find(({ id }) => id === 'driver')?.form ?? expect.unreachable()
    const families = new FakeFamilies([panel('driver', form)], { driver: plan })
    const plans = new PlanService(families, hosts, engines)
    const randomId = () => 'setup1'
    const restart = () => restartHost(link)
    runs = new RunService({
      ...{ book, driver, plans, engines, mirror, collector, journals, clock, randomId },
      restartHost: restart,
    })
    hosts.start()
    book.start()
    driver.start()
    mirror.follow(engine)
    engines.start()
  }

  const leaves = (id: RunId, state: string) => until(() => (stateOf(id) === state ? undefined : true), `not ${state}`)
  const stateOf = (id: RunId) => book.get(id).state
  const stepsOf = (id: RunId) => book.get(id).steps.map(({ id: step, state }) => `${step} ${state}`)
  const command = async (...argv: string[]) => (await link.run(argv)).stdout.toString()

  it('replaces firmware and driver, restarts the host when asked to, and goes on by itself', async () => {
    const values = { action: 'overwrite', dependencies: false, ...packages }
    const { id } = await runs.start({ family: 'fake', panel: 'driver', host: link.host, values })
    await leaves(id, 'running')
    expect(stepsOf(id)).toEqual([
      'prepare succeeded',
      'account succeeded',
      'firmware succeeded',
      'driver succeeded',
      'verify restart',
    ])
    expect(stateOf(id)).toBe('restart')
    expect(await command('npu-smi', 'info', '-t', 'board', '-i', '0')).toContain(releases.oldDriver.version)
    const before = machine.bootId
    await runs.restartHost(id)
    await leaves(id, 'restart')
    await leaves(id, 'running')
    expect(stepsOf(id).at(-1)).toBe('verify succeeded')
    expect(stateOf(id)).toBe('succeeded')
    expect(machine.bootId).not.toBe(before)
    expect(await command('npu-smi', 'info', '-t', 'board', '-i', '0')).toContain(releases.driver.version)
  })

  it.skipIf(noDocker !== null)(
    `runs the engine inside a container where it is too old itself${noDocker ? ` (${noDocker})` : ''}`,
    async () => {
      const dir = '/root/inner'
      const old = links.to('npu-03-old', machine, { user: 'root', keys: link.ssh.keys, auth: ['key'], engineDir: dir })
      old.connect()
      const { glibc } = await deployerOf().installed(old)
      expect(glibc).toMatch(/^2\./)
      await command('sh', '-c', `printf '#!/bin/sh\necho glibc 2.17\n' > /usr/bin/getconf; mkdir -p ${dir}`)
      await expect(deployerOf().resolve(old, signal)).rejects.toMatchObject({
        code: 'engine.glibcTooOld',
        params: { found: '2.17', wanted: '2.28' },
      })
      const libraries = `/usr/lib/${machineArch}-linux-gnu`
      const start = async (name: string, ...mounts: string[]) => {
        const words = mounts.flatMap((path) => ['-v', `${path}:${path}`])
        const argv = ['docker', 'run', '-d', '--name', name, '--network', 'host', ...words, 'small:1', 'sleep', '300']
        expect((await link.run(argv)).code).toBe(0)
      }
      // The image has neither a C++ library nor Node nor mv; they are borrowed, as only the place is tested.
      const borrowed = ['/opt/node', '/usr/bin/mv', libraries]
      await start('box', dir, ...borrowed)
      await start('blind', ...borrowed)
      expect(await engineContainers(old)).toMatchObject({
        dir,
        containers: [
          { name: 'box', seesFolder: true, canRun: true, glibc: expect.stringMatching(/^2\./) as string },
          { name: 'blind', seesFolder: false, canRun: true },
        ],
      })
      old.ssh.engineContainer = 'blind'
      await expect(deployerOf().resolve(old, signal)).rejects.toMatchObject({ code: 'engine.containerUnmounted' })
      old.ssh.engineContainer = 'gone'
      await expect(deployerOf().resolve(old, signal)).rejects.toMatchObject({ code: 'engine.containerGone' })
      await start('bare', dir)
      old.ssh.engineContainer = 'bare'
      await expect(deployerOf().resolve(old, signal)).rejects.toMatchObject({
        code: 'engine.containerTools',
        params: { tools: 'mv' },
      })

      old.ssh.engineContainer = 'box'
      const engineLink = new SshEngineLink(old, deployerOf().resolve, links.log)
      using engine = new Engine(old.host, engineLink, links.clock, links.log)
      engine.start()
      const client = await engine.client(jobs)
      const id = JobId.parse('inside')
      const script = 'test -e /run/.containerenv && echo inside; pwd'
      await client.submit({ id, title: { en: '', 'zh-CN': '' }, run: { kind: 'script', script } })
      await until(
        async () => ((await client.get({ id })).endedAt === undefined ? undefined : true),
        'the end of the job',
      )
      expect((await client.get({ id })).state).toBe('succeeded')
      expect(await command('cat', `${dir}/jobs/inside/output.log`)).toMatch(/^inside\n/)
      expect(await command('sh', '-c', `ls -A ${dir}`)).not.toContain('.seen')
      const again = await deployerOf().resolve(old, signal)
      expect(again.argv.slice(0, 3)).toEqual(['docker', 'exec', '--interactive'])
      await command('docker', 'rm', '-f', '-t', '0', 'box', 'blind', 'bare')
    },
  )
})
