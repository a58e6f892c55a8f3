import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HostFacts } from '#engine/protocol/host.ts'
import type { RunId } from '#engine/protocol/ids.ts'
import { ArtifactService } from '#main/artifacts/artifact-service.ts'
import { Deployer } from '#main/deploy/deployer.ts'
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
import { Machine, noMachine } from '../hosts/machine/machine.ts'
import { releases, writeDriverPackage, writeFirmwarePackage } from '../hosts/machine/packages.ts'
import { SshLab } from '../hosts/sshd.ts'

const missing = noMachine()
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

  /** The services around runs as main makes them, with one host behind a real link. */
  function startMain(): void {
    const { clock, log } = links
    const database = scope.add(new Database(':memory:'))
    const deployer = new Deployer({ version: '1.0.0', bundle, runtimes, log })
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
})
