import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { HostId } from '#engine/protocol/ids.ts'
import { jobs } from '#engine/protocol/jobs.ts'
import { JobId } from '#engine/protocol/ids.ts'
import { Deployer } from '#main/deploy/deployer.ts'
import { Engine } from '#main/engines/engine.ts'
import { SshEngineLink } from '#main/engines/ssh-link.ts'
import type { SshLink } from '#main/links/link.ts'
import { until } from '../fixtures/until.ts'
import { TestLinks } from '../hosts/links.ts'
import { noSshd, SshLab, type Sshd } from '../hosts/sshd.ts'

const missing = noSshd()
const bundle = new URL('../../dist/engine/engine.mjs', import.meta.url).pathname
const { signal } = new AbortController()

describe.skipIf(missing !== null)(`bringing the engine to a host${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let server: Sshd
  let links: TestLinks
  let link: SshLink
  let dir: string
  let fetched: string[]
  let number = 0

  beforeAll(async () => {
    lab = new SshLab()
    // No Node is on the PATH of this host.
    const bin = join(lab.folder, 'bin')
    mkdirSync(bin)
    const tools =
      'sh bash uname getconf basename cat mkdir mktemp gzip sha256sum cut sync mv rm rmdir chmod head env ls'
    for (const name of `${tools} sleep seq`.split(' ')) {
      symlinkSync(execFileSync('which', [name], { encoding: 'utf8' }).trim(), join(bin, name))
    }
    server = await lab.start('bare', { config: { SetEnv: `PATH=${bin}` } })
    const key = lab.key('user')
    server.authorize(key)
    links = new TestLinks({ folder: lab.folder })
    link = links.to('bare', server, { keys: [key], auth: ['key'], engineDir: join(lab.folder, 'first') })
    link.connect()
    await link.ready()
  })
  afterAll(async () => {
    links[Symbol.dispose]()
    await lab[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    dir = join(lab.folder, `dir with 'blanks' ${++number}`)
    link.ssh.engineDir = dir
    fetched = []
  })

  /** A runtime that is this test's own Node behind a script: the real one is 120 MB. */
  const runtimes = {
    get: async (arch: string) => {
      fetched.push(arch)
      const program = Buffer.from(`#!/bin/sh\nexec '${process.execPath}' "$@"\n`)
      const path = join(lab.folder, 'runtime.gz')
      writeFileSync(path, gzipSync(program))
      return { name: 'node-24.21.0-linux-x64', path, sha256: createHash('sha256').update(program).digest('hex') }
    },
  }
  const deployerOf = (version: string, file = bundle) =>
    new Deployer({ version, bundle: file, runtimes, log: links.log })
  const engineOf = (deployer: Deployer) =>
    new Engine(HostId.parse('bare'), new SshEngineLink(link, deployer.resolve, links.log), links.clock, links.log)
  /** An engine of another build. */
  const otherBundle = (): string => {
    const path = join(lab.folder, 'other.mjs')
    writeFileSync(path, `${readFileSync(bundle, 'utf8')}\n// another build\n`)
    return path
  }

  it('brings Node and engine to a host that has neither, once', async () => {
    const deployer = deployerOf('1.0.0')
    const phases: string[] = []
    using _listening = deployer.onChange(({ phase }) => phases.push(phase))
    using engine = engineOf(deployer)
    engine.start()
    await engine.ready(signal, 60_000)
    expect(fetched).toEqual([execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim()])
    expect([...new Set(phases)]).toEqual(['fetch', 'runtime', 'engine', 'done'])
    const { engines, current, nodes } = await deployer.installed(link)
    expect(engines).toEqual([current])
    expect(nodes.map(({ path }) => path)).toEqual([join(dir, 'runtime/node-24.21.0-linux-x64/bin/node')])
    engine.restart()
    await engine.ready(signal, 60_000)
    expect(fetched).toHaveLength(1)
    expect(readdirSync(join(dir, 'engine')).filter((name) => name.startsWith('.'))).toEqual([])
  })

  it('leaves jobs of another version alone, and goes back to it', async () => {
    const old = deployerOf('1.0.0')
    using first = engineOf(old)
    first.start()
    const client = await first.client(jobs)
    const id = JobId.parse('long')
    const script = 'for i in $(seq 100); do echo $i; sleep 0.1; done'
    await client.submit({ id, title: { en: '', 'zh-CN': '' }, run: { kind: 'script', script } })
    first[Symbol.dispose]()
    const upgraded = deployerOf('2.0.0', otherBundle())
    using second = engineOf(upgraded)
    second.start()
    const after = await second.client(jobs)
    expect((await after.get({ id })).state).toBe('running')
    const { engines, current } = await upgraded.installed(link)
    expect(engines).toHaveLength(2)
    await expect(upgraded.remove(link, current)).rejects.toMatchObject({ code: 'engine.inUse' })
    const [oldName = ''] = engines.filter((name) => name !== current)
    await upgraded.pin(link, oldName)
    expect((await upgraded.resolve(link, signal)).argv[1]).toContain(oldName)
    await upgraded.pin(link, null)
    expect((await upgraded.resolve(link, signal)).argv[1]).toContain(current)
    const ended = await after.stop({ id })
    expect(ended.state).toBe('stopped')
    expect(await until(async () => (await after.get({ id })).outputBytes, 'output')).toBeGreaterThan(0)
  })

  it('mends an engine that was damaged on the host', async () => {
    const deployer = deployerOf('1.0.0')
    await deployer.resolve(link, signal)
    const { current } = await deployer.installed(link)
    writeFileSync(join(dir, 'engine', current, 'sha256'), 'damaged\n')
    await deployer.resolve(link, signal)
    expect(readFileSync(join(dir, 'engine', current, 'engine.mjs')).equals(readFileSync(bundle))).toBe(true)
  })

  it('installs nothing that does not start, and says why', async () => {
    const broken = join(lab.folder, 'broken.mjs')
    writeFileSync(broken, 'throw new Error("no such symbol")\n')
    await expect(deployerOf('1.0.0', broken).resolve(link, signal)).rejects.toMatchObject({
      code: 'engine.installFailed',
    })
    expect(readdirSync(join(dir, 'engine'))).toEqual([])
  })

  it('says that a folder cannot be written', async () => {
    writeFileSync(dir, 'a file is in the way')
    await expect(deployerOf('1.0.0').resolve(link, signal)).rejects.toMatchObject({ code: 'engine.installFailed' })
  })

  it('leaves nothing behind when it is uninstalled', async () => {
    const deployer = deployerOf('1.0.0')
    await deployer.resolve(link, signal)
    mkdirSync(join(dir, 'jobs'))
    mkdirSync(join(dir, 'npu-records'))
    writeFileSync(join(dir, 'npu-records', 'wanted.json'), '{"periodS":60}')
    await deployer.uninstall(link, false)
    expect(readdirSync(dir)).toEqual(['jobs', 'npu-records'])
    expect(readdirSync(join(dir, 'npu-records'))).toEqual([])
    await deployer.resolve(link, signal)
    await deployer.uninstall(link, true)
    expect(existsSync(dir)).toBe(false)
  })

  it('uses a Node that the host has', async () => {
    const deployer = deployerOf('1.0.0')
    const node = join(dir, 'runtime', 'own', 'bin')
    mkdirSync(node, { recursive: true })
    writeFileSync(join(node, 'node'), `#!/bin/sh\nexec '${process.execPath}' "$@"\n`)
    chmodSync(join(node, 'node'), 0o755)
    expect((await deployer.resolve(link, signal)).argv[0]).toBe(join(node, 'node'))
    expect(fetched).toEqual([])
  })
})
