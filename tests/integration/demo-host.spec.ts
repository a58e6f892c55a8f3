import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { doctor } from '#engine/protocol/doctor.ts'
import { JobId, type HostId } from '#engine/protocol/ids.ts'
import { jobs } from '#engine/protocol/jobs.ts'
import { npus, type NpuSample } from '#engine/protocol/npus.ts'
import { Deployer } from '#main/deploy/deployer.ts'
import { Engine } from '#main/engines/engine.ts'
import { SshEngineLink } from '#main/engines/ssh-link.ts'
import type { SshLink } from '#main/links/link.ts'
import { until } from '../fixtures/until.ts'
import { TestLinks } from '../hosts/links.ts'
import { Machine, noContainers, noMachine } from '../hosts/machine/machine.ts'
import { releases, writeDriverPackage, writeFirmwarePackage } from '../hosts/machine/packages.ts'
import { SshLab } from '../hosts/sshd.ts'

const missing = noMachine()
const noDocker = noContainers()
const bundle = new URL('../../dist/engine/engine.mjs', import.meta.url).pathname
const password = 'not a secret'
const { signal } = new AbortController()

describe.skipIf(missing !== null)(`make-believe NPU hosts${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let machines: Machine[]
  let links: TestLinks
  let hosts: SshLink[]
  let packages: { driver: string; firmware: string; next: string; damaged: string; foreign: string }

  beforeAll(async () => {
    lab = new SshLab()
    mkdirSync(join(lab.folder, 'foreign'))
    const driver = writeDriverPackage(lab.folder, releases.oldDriver)
    const firmware = writeFirmwarePackage(lab.folder, releases.oldFirmware)
    const next = writeDriverPackage(lab.folder, releases.driver)
    const foreign = writeDriverPackage(join(lab.folder, 'foreign'), releases.driver, 'riscv64')
    const damaged = join(lab.folder, 'damaged.run')
    const bytes = readFileSync(next)
    writeFileSync(damaged, bytes.fill(0, bytes.length - 200))
    packages = { driver, firmware, next, damaged, foreign }
    const key = lab.key('user')
    const keys = [readFileSync(`${key}.pub`, 'utf8').trim()]
    const all = { chips: 8, keys, node: process.execPath, toolkit: '8.0.0' }
    machines = await Promise.all([
      Machine.start({ name: 'gate', address: '127.0.0.20', password }),
      Machine.start({
        ...all,
        name: 'npu-01',
        address: '127.0.0.21',
        install: [driver, firmware],
        packages: [next, damaged, foreign],
        npuNetwork: '10.20.11',
        ...(noDocker === null ? { image: 'mindformers:1.5.0' } : {}),
      }),
      Machine.start({ ...all, name: 'npu-02', address: '127.0.0.22', packages: [driver, firmware] }),
    ])
    links = new TestLinks({
      folder: lab.folder,
      answer: ({ kind }) => ({ texts: kind === 'hostKey' ? [] : [password], remember: false }),
    })
    const [gate, first, second] = machines as [Machine, Machine, Machine]
    links.to('gate', gate, { user: 'root', auth: ['password'] })
    const settings = { user: 'root', jump: 'gate' as HostId, keys: [key], auth: ['key' as const] }
    hosts = [links.to('npu-01', first, settings), links.to('npu-02', second, settings)]
    for (const link of hosts) link.connect()
    await Promise.all(hosts.map((link) => link.ready()))
  })
  afterAll(async () => {
    links[Symbol.dispose]()
    await Promise.all(machines.map((machine) => machine[Symbol.asyncDispose]()))
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
  const engineOf = (link: SshLink): Engine =>
    new Engine(link.host, new SshEngineLink(link, deployerOf().resolve, links.log), links.clock, links.log)
  const hostOf = (index: number): SshLink => hosts[index] ?? expect.unreachable()
  const machineOf = (index: number): Machine => machines[index] ?? expect.unreachable()
  const run = async (index: number, ...argv: string[]) => {
    const { stdout, stderr, code } = await hostOf(index).run(argv)
    return { out: stdout.toString(), err: stderr.toString(), code }
  }
  const install = (index: number, path: string, ...options: string[]) =>
    run(index, 'sh', `/opt/packages/${basename(path)}`, ...options)
  const verdictsOf = async (engine: Engine) => {
    const { items } = await (await engine.client(doctor)).check({ container: null })
    return Object.fromEntries(items.map(({ id, verdict, value }) => [id, `${verdict} ${value}`]))
  }
  /** How the command line is called there: as the engine, but for the word that makes it serve. */
  const awb = async (index: number) => (await deployerOf().resolve(hostOf(index), signal)).argv.slice(0, 2)

  it('is examined by the engine that was brought to it through the jump host', async () => {
    using engine = engineOf(hostOf(0))
    engine.start()
    const verdicts = await verdictsOf(engine)
    expect(verdicts).toMatchObject({
      'npu-bus': 'ok 8 × 910B',
      'npu-smi': 'ok 8 × 910B3',
      'device-nodes': 'ok 8 × /dev/davinciN',
      'device-rights': 'ok root',
      driver: 'ok 24.1.rc2.2',
      firmware: 'ok 7.1.0.11.220',
      toolkit: 'ok 8.0.0',
      'hccn-addresses': 'ok 8 / 8',
      'hccn-links': 'ok 8 / 8 UP',
    })
  })

  it('shows eight chips that live, who works on them, and an ill one', async () => {
    using engine = engineOf(hostOf(0))
    engine.start()
    const client = await engine.client(npus)
    const samples: NpuSample[] = []
    using _watching = client.watch(
      { periodMs: 1000 },
      { snapshot: (sample) => sample && samples.push(sample), delta: ({ sample }) => samples.push(sample) },
    )
    const chipsWhen = (isRight: (sample: NpuSample) => boolean, what: string) =>
      until(() => samples.findLast(isRight)?.table?.npus, what)
    const idle = await chipsWhen(({ table }) => table?.npus.length === 8, 'eight chips')
    expect(idle.map(({ aicorePct }) => aicorePct)).toEqual(Array(8).fill(0))
    const id = JobId.parse('work')
    const script = 'exec 5< /dev/davinci3; sleep 60; true'
    await (await engine.client(jobs)).submit({ id, title: { en: '', 'zh-CN': '' }, run: { kind: 'script', script } })
    const busy = await chipsWhen(({ table }) => (table?.processes.length ?? 0) > 0, 'a process')
    expect(busy[3]?.aicorePct).toBeGreaterThan(40)
    expect(busy[3]?.hbmUsedMB).toBeGreaterThan(30_000)
    await (await engine.client(jobs)).stop({ id })
    await run(0, 'sh', '-c', 'printf "health_5=Alarm\\nmissing_6=yes\\n" > /etc/ascend-demo/faults')
    const ill = await chipsWhen(({ table }) => table?.npus.length === 7, 'seven chips')
    expect(ill.find(({ npu }) => npu === 5)?.health).toBe('Alarm')
    expect((await verdictsOf(engine))['npu-smi']).toBe('error 7 × 910B3')
    await run(0, 'sh', '-c', ': > /etc/ascend-demo/faults')
  })

  it.skipIf(noDocker !== null)(`runs containers with its cards${noDocker ? ` (${noDocker})` : ''}`, async () => {
    const nodes = ['davinci0', 'davinci1', 'davinci_manager', 'devmm_svm', 'hisi_hdc']
    const driver = '/usr/local/Ascend/driver'
    const started = await run(
      0,
      ...['docker', 'run', '-d', '--name', 'mindformers', '--network', 'host', '--ipc', 'host'],
      ...nodes.map((name) => `--device=/dev/${name}`),
      ...['-v', `${driver}:${driver}:ro`, '-v', '/usr/local/sbin/npu-smi:/usr/local/sbin/npu-smi:ro'],
      ...['mindformers:1.5.0', 'sleep', '60'],
    )
    expect(started.code, started.err).toBe(0)
    using engine = engineOf(hostOf(0))
    engine.start()
    const client = await engine.client(doctor)
    expect(await client.containers({})).toEqual(['mindformers'])
    const { items } = await client.check({ container: 'mindformers' })
    expect(Object.fromEntries(items.map(({ id, verdict, value }) => [id, `${verdict} ${value}`]))).toMatchObject({
      'npu-smi': 'ok 2 × 910B3',
      'device-nodes': 'ok 2 × /dev/davinciN',
      'device-rights': 'ok root',
      driver: 'ok 24.1.rc2.2',
      python: expect.stringMatching(/^ok 3\./) as string,
    })
    await run(0, 'docker', 'exec', '-d', 'mindformers', 'sh', '-c', 'exec 5< /dev/davinci1; sleep 60; true')
    await until(
      async () => /\| 1 +0 +\| \d+ +\| sh/.test((await run(0, 'npu-smi', 'info')).out),
      'the process of the container',
    )
    expect((await run(0, 'docker', 'rm', '-f', '-t', '0', 'mindformers')).code).toBe(0)
  })

  it('installs packages as the real ones do, and refuses for their reasons', async () => {
    const at = (path: string) => `/opt/packages/${basename(path)}`
    expect(await install(0, packages.next, '--check')).toMatchObject({
      code: 0,
      out: expect.stringContaining('SHA256 checksums are OK. All good.') as string,
    })
    expect(await install(0, packages.damaged, '--check')).toMatchObject({ code: 2 })
    expect((await run(0, 'sh', '-c', `cp ${at(packages.next)} /tmp/x.run; sh /tmp/x.run --fast`)).out).toContain(
      '0x0004',
    )
    expect((await install(0, packages.foreign, '--full')).out).toContain('Arch mismatch, src package is riscv64')
    const upgraded = await install(0, packages.next, '--upgrade', '--install-for-all')
    expect(upgraded.out).toContain('Reboot needed for installation/upgrade to take effect!')
    const board = async () => (await run(0, 'npu-smi', 'info', '-t', 'board', '-i', '0')).out
    expect(await board()).toMatch(/Software Version +: 24.1.rc2.2/)
    const other = await install(0, packages.next, '--full', '--install-username=root', '--install-usergroup=root')
    expect(other).toMatchObject({ code: 1, out: expect.stringContaining('0x0095') as string })
    const held = await run(0, 'sh', '-c', `exec 5< /dev/davinci0; sh ${at(packages.next)} --uninstall; exec 5<&-`)
    expect(held.out).toContain('The davinci nodes are occupied')

    const machine = machineOf(1)
    const before = machine.bootId
    await machine.reboot()
    await hostOf(0).check()
    await until(
      async () => (await hostOf(0).ready()) && (await board()).includes(releases.driver.version),
      'the new driver',
    )
    expect((await run(0, 'cat', '/proc/sys/kernel/random/boot_id')).out.trim()).not.toBe(before)
    expect((await run(0, 'cat', '/var/log/ascend_seclog/ascend_install.log')).out).toContain('upgradePercentage:100%')
  })

  it('is prepared from nothing: driver, firmware, addresses; then two hosts make one rank table', async () => {
    using engine = engineOf(hostOf(1))
    engine.start()
    expect(await verdictsOf(engine)).toMatchObject({
      'npu-smi': expect.stringMatching(/^error/) as string,
      driver: 'error –',
    })
    expect((await install(1, packages.firmware, '--full')).out).toContain('ERR_NO:0x0089')
    await run(1, 'userdel', 'HwHiAiUser')
    expect((await install(1, packages.driver, '--full')).out).toContain(
      'ERR_NO:0x0091; ERR_DES: HwHiAiUser not exists!',
    )
    await run(1, 'useradd', '--user-group', 'HwHiAiUser')
    expect((await install(1, packages.driver, '--full', '--install-for-all')).out).toContain('takes effect immediately')
    expect((await install(1, packages.firmware, '--full')).out).toContain('The firmware of [8] chips are successfully')
    for (let device = 0; device < 8; device++) {
      const address = ['address', `10.20.12.${device + 1}`, 'netmask', '255.255.255.0']
      await run(1, 'hccn_tool', '-i', String(device), '-ip', '-s', ...address)
    }
    expect(await verdictsOf(engine)).toMatchObject({ 'npu-smi': 'ok 8 × 910B3', 'hccn-addresses': 'ok 8 / 8' })

    const names = await Promise.all(
      [0, 1].map(async (index) => {
        const argv = await awb(index)
        const address = `10.0.0.${index + 1}`
        const made = await run(index, ...argv, 'hccl_tools.py', '--device_num', '[0,8)', '--server_ip', address)
        expect(made.code, made.err).toBe(0)
        return `hccl_8p_01234567_${address}.json`
      }),
    )
    const [first = '', second = ''] = names
    const { out } = await run(0, 'cat', first)
    await hostOf(1).run(['sh', '-c', `cat > ${first}`], { input: out })
    const argv = await awb(1)
    expect((await run(1, ...argv, 'merge_hccl.py', first, second)).code).toBe(0)
    const table = JSON.parse((await run(1, 'cat', 'hccl_2s_16p.json')).out) as RankTable
    expect(table.server_list.map(({ server_id }) => server_id)).toEqual(['10.0.0.1', '10.0.0.2'])
    const devices = table.server_list.flatMap(({ device }) => device)
    expect(devices.map(({ rank_id }) => Number(rank_id))).toEqual(Array.from({ length: 16 }, (_, rank) => rank))
    expect(devices[8]?.device_ip).toBe('10.20.12.1')
  })
})

interface RankTable {
  server_list: { server_id: string; device: { device_ip: string; rank_id: string }[] }[]
}
