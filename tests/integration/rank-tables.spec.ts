import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rankTables } from '#engine/protocol/rank-tables.ts'
import type { RankTableSource, RankTableSurvey } from '#contract/index.ts'
import { Deployer } from '#main/deploy/deployer.ts'
import { Engine } from '#main/engines/engine.ts'
import { SshEngineLink } from '#main/engines/ssh-link.ts'
import type { SshLink } from '#main/links/link.ts'
import { distribute } from '#main/rank-tables/distribute.ts'
import { TestLinks } from '../hosts/links.ts'
import { Machine, noMachine } from '../hosts/machine/machine.ts'
import { releases, writeDriverPackage, writeFirmwarePackage } from '../hosts/machine/packages.ts'
import { SshLab } from '../hosts/sshd.ts'

const missing = noMachine()
const bundle = new URL('../../dist/engine/engine.mjs', import.meta.url).pathname
const PATH = '~/tables/hccl_2s_16p.json'
const { signal } = new AbortController()

describe.skipIf(missing !== null)(`rank tables of two hosts${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let links: TestLinks
  let machines: Machine[]
  let hosts: SshLink[]
  let engines: Engine[]
  let deployer: Deployer

  beforeAll(async () => {
    lab = new SshLab()
    const install = [
      writeDriverPackage(lab.folder, releases.oldDriver),
      writeFirmwarePackage(lab.folder, releases.oldFirmware),
    ]
    const key = lab.key('user')
    const all = { chips: 8, keys: [readFileSync(`${key}.pub`, 'utf8').trim()], node: process.execPath, install }
    machines = await Promise.all(
      [1, 2].map((number) =>
        Machine.start({
          ...all,
          name: `rank-0${number}`,
          address: `127.0.0.3${number}`,
          npuNetwork: `10.20.1${number}`,
        }),
      ),
    )
    links = new TestLinks({ folder: lab.folder, answer: () => ({ texts: [], remember: false }) })
    hosts = machines.map((machine) => links.to(machine.name, machine, { user: 'root', keys: [key], auth: ['key'] }))
    for (const link of hosts) link.connect()
    await Promise.all(hosts.map((link) => link.ready()))
    const program = Buffer.from('#!/bin/sh\nexec /opt/node "$@"\n')
    const path = join(lab.folder, 'runtime.gz')
    writeFileSync(path, gzipSync(program))
    const sha256 = createHash('sha256').update(program).digest('hex')
    const runtimes = { get: () => Promise.resolve({ name: `node-24.21.0-linux-${process.arch}`, path, sha256 }) }
    deployer = new Deployer({ version: '1.0.0', bundle, runtimes, log: links.log })
    engines = hosts.map(
      (link) => new Engine(link.host, new SshEngineLink(link, deployer.resolve, links.log), links.clock, links.log),
    )
    for (const engine of engines) engine.start()
  })
  afterAll(async () => {
    for (const engine of engines) engine[Symbol.dispose]()
    links[Symbol.dispose]()
    await Promise.all(machines.map((machine) => machine[Symbol.asyncDispose]()))
    await lab[Symbol.asyncDispose]()
  })

  const hostOf = (index: number): SshLink => hosts[index] ?? expect.unreachable()
  const engineOf = (index: number): Engine => engines[index] ?? expect.unreachable()
  const run = async (index: number, ...argv: string[]): Promise<string> => {
    const { stdout, stderr, code } = await hostOf(index).run(argv)
    expect(code, stderr.toString()).toBe(0)
    return stdout.toString()
  }
  const survey = async (index: number): Promise<RankTableSurvey> =>
    (await engineOf(index).client(rankTables)).survey({})
  const sourceOf = (index: number, { devices }: RankTableSurvey): RankTableSource => ({
    kind: 'host',
    label: `rank-0${index + 1}`,
    serverIp: `10.0.0.${index + 1}`,
    devices,
  })
  const compose = async (sources: RankTableSource[]) => (await engineOf(0).client(rankTables)).compose({ sources })
  const awb = async (index: number) => (await deployer.resolve(hostOf(index), signal)).argv.slice(0, 2)

  it('are what the drop-ins write, and lie on both hosts in the end', async () => {
    const surveys = await Promise.all([survey(0), survey(1)])
    expect(surveys[0]).toMatchObject({ hostname: 'rank-01', source: 'tool', toolProblem: null })
    expect(surveys[1]?.devices[7]).toEqual({ device: 7, ip: '10.20.12.8', netmask: '255.255.255.0', gateway: null })
    expect(surveys[0]?.addresses.map(({ address }) => address)).toContain('127.0.0.31')
    const { tables, merged, findings } = await compose(surveys.map((found, index) => sourceOf(index, found)))
    // The NPUs of the two are in networks of their own, without a way between them.
    expect(findings.map(({ code }) => code)).toEqual(['rankTable.subnet'])

    const names = ['hccl_8p_01234567_10.0.0.1.json', 'hccl_8p_01234567_10.0.0.2.json']
    for (const [index, name] of names.entries()) {
      const server = ['--device_num', '[0,8)', '--server_ip', `10.0.0.${index + 1}`]
      await run(index, ...(await awb(index)), 'hccl_tools.py', ...server)
      expect(tables[index]?.file).toEqual({ name, text: await run(index, 'cat', name) })
    }
    await hostOf(0).run(['sh', '-c', `cat > ${names[1]}`], { input: tables[1]?.file?.text ?? '' })
    await run(0, ...(await awb(0)), 'merge_hccl.py', ...names)
    expect(merged).toEqual({
      name: 'hccl_2s_16p.json',
      servers: 2,
      ranks: 16,
      text: await run(0, 'cat', 'hccl_2s_16p.json'),
    })

    const text = merged?.text ?? ''
    const send = (replace: Record<string, string> = {}) =>
      distribute({ hosts: hosts.map(({ host }) => host), path: PATH, text, replace }, async (host) =>
        engineOf(hosts.findIndex((link) => link.host === host)).ready(),
      )
    await run(1, 'sh', '-c', 'mkdir tables && echo older > tables/hccl_2s_16p.json')
    const refused = await send()
    expect(refused).toMatchObject({ isDone: false, places: [{ state: 'absent' }, { state: 'differs' }] })
    expect(await run(0, 'sh', '-c', 'ls tables 2> /dev/null || echo none')).toBe('none\n')
    const { sha256 } = refused.places[1] ?? expect.unreachable()
    expect(await send({ [hostOf(1).host]: sha256 ?? '' })).toMatchObject({ isDone: true })
    for (const index of [0, 1]) expect(await run(index, 'cat', 'tables/hccl_2s_16p.json')).toBe(text)
    expect(await send()).toMatchObject({ isDone: true, places: [{ state: 'same' }, { state: 'same' }] })
    expect(await run(0, ...(await awb(0)), 'check_hccl', 'tables/hccl_2s_16p.json')).toContain('2 servers, 16 ranks')
  })

  it('come from hccn.conf where the tool may not be used, and say what is missing', async () => {
    const before = (await compose([sourceOf(0, await survey(0)), sourceOf(1, await survey(1))])).merged?.text ?? ''
    await run(
      0,
      'sh',
      '-c',
      'sed -i /_3=/d /etc/hccn.conf; chmod 000 "$(command -v hccn_tool || echo /usr/local/Ascend/driver/tools/hccn_tool)"',
    )
    const found = await survey(0)
    expect(found).toMatchObject({ source: 'conf', toolProblem: expect.any(String) as string })
    expect(found.devices.map(({ ip }) => ip === null)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((device) => device === 3))
    const { findings } = await compose([sourceOf(0, found), sourceOf(1, await survey(1))])
    expect(findings[0]?.text.en).toMatch(/^Device 3 of server rank-01 \(10\.0\.0\.1\) has no valid device_ip/)

    await run(1, 'hccn_tool', '-i', '5', '-ip', '-s', 'address', '10.20.12.99', 'netmask', '255.255.255.0')
    const older = await (
      await engineOf(0).client(rankTables)
    ).compose({
      sources: [{ kind: 'text', label: 'older.json', text: before }],
      hosts: [{ name: 'rank-02', survey: await survey(1) }],
    })
    expect(older.findings[0]?.text.en).toMatch(/^Devices 5 of server 10\.0\.0\.2 have other addresses on rank-02/)
  })
})
