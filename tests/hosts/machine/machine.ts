import { execFileSync, spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, noSshd, reachable } from '../sshd.ts'
import { machineArch } from './packages.ts'

/** Why this computer cannot run make-believe servers, or null. */
export function noMachine(): string | null {
  const missing = noSshd()
  if (missing !== null) return missing
  const folder = mkdtempSync(join(tmpdir(), 'awb-machine-'))
  try {
    const script = `mount -t tmpfs t '${folder}' && cd '${folder}' && mkdir u w r && mount -t overlay -o lowerdir=/,upperdir=u,workdir=w o r`
    const { status, error, stderr } = spawnSync('unshare', [...namespaces, '--pid', '--fork', 'sh', '-c', script])
    if (status === 0) return null
    return `no namespaces with overlay mounts: ${error?.message ?? stderr.toString().trim().split('\n').at(0) ?? ''}`
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Why make-believe servers have no containers here, or null. */
export function noContainers(): string | null {
  const isThere = ['/usr/bin/podman', '/usr/sbin/runc', '/usr/bin/docker'].every((path) => existsSync(path))
  return isThere ? null : 'no containers (apt-get install podman runc podman-docker)'
}

/** It takes one second, and more where much else runs. */
const START_SECONDS = 30
const namespaces = ['--mount', '--uts', '--propagation', 'private']

export interface MachineOptions {
  readonly name: string
  /** An address of loopback. */
  readonly address: string
  /** Chips on its bus; none makes an ordinary server. */
  readonly chips?: number
  /** Packages that are installed at the first start, in this order, with `--full --install-for-all`. */
  readonly install?: readonly string[]
  /** Files that wait in /opt/packages. */
  readonly packages?: readonly string[]
  /** Password of root. Without one only keys let in. */
  readonly password?: string
  /** Public keys that let root in, as lines of authorized_keys. */
  readonly keys?: readonly string[]
  /** Addresses of the NPUs in /etc/hccn.conf: device 0 gets the first, with .N+1 at the end of this network. */
  readonly npuNetwork?: string
  /** Version of a CANN toolkit that is there. */
  readonly toolkit?: string
  /** Name of an image for containers that is made at the first start; see `noContainers`. */
  readonly image?: string
  /** A shell script that runs in the background from each start on. */
  readonly eachStart?: string
  /** Seconds between the progress lines of an installer. */
  readonly pace?: number
  /** A Node that lies at /opt/node, off the PATH, for tests that do not send one over the link. */
  readonly node?: string
  readonly port?: number
}

/**
 * A server that thinks it has Ascend NPUs: a copy of this machine that writes to memory only, with its own users,
 * processes, devices, host name and boot id, and a real OpenSSH server on an address of loopback. It has no Node.
 * Needs root on Linux, and nothing outside of it changes.
 */
export class Machine implements AsyncDisposable {
  readonly name: string
  readonly address: string
  readonly port: number
  /** Base64 of the public host key. */
  readonly hostKey: string
  readonly #folder: string
  readonly #process: ChildProcessByStdio<Writable, null, null>

  private constructor(options: MachineOptions, port: number) {
    this.name = options.name
    this.address = options.address
    this.port = port
    this.#folder = mkdtempSync(join(tmpdir(), `awb-${options.name}-`))
    this.#prepare(options)
    this.hostKey = readFileSync(this.#file('/etc/ascend-demo/host-key.pub'), 'utf8').split(' ')[1] ?? ''
    const hold = join(import.meta.dirname, 'hold.sh')
    const args = [...namespaces, 'sh', hold, this.#folder, import.meta.dirname, options.name, options.node ?? '']
    this.#process = spawn('unshare', args, { stdio: ['pipe', 'inherit', 'inherit'] })
  }

  static async start(options: MachineOptions): Promise<Machine> {
    const machine = new Machine(options, options.port ?? (await freePort(options.address)))
    try {
      await reachable(machine.address, machine.port, START_SECONDS)
    } catch (error) {
      await machine[Symbol.asyncDispose]()
      throw error
    }
    return machine
  }

  /** Ends every process of it, and starts it again under another boot id. What is on its disk stays. */
  async reboot(): Promise<void> {
    const before = this.bootId
    this.#process.stdin.write('reboot\n')
    const deadline = Date.now() + 10_000
    while (this.bootId === before) {
      if (Date.now() > deadline) throw new Error(`${this.name} did not restart`)
      await sleep(50)
    }
    await reachable(this.address, this.port, START_SECONDS)
  }

  get bootId(): string {
    return readFileSync(join(this.#folder, 'boot_id'), 'utf8').trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const isRunning = this.#process.exitCode === null && this.#process.signalCode === null
    this.#process.stdin.end()
    if (isRunning) await once(this.#process, 'exit')
    rmSync(this.#folder, { recursive: true })
  }

  #file(path: string): string {
    const target = join(this.#folder, 'files', path)
    mkdirSync(dirname(target), { recursive: true })
    return target
  }

  #prepare(options: MachineOptions): void {
    const { chips = 0, install = [], packages = [], password, keys = [], npuNetwork, toolkit, pace = 0 } = options
    const write = (path: string, lines: readonly string[], mode = 0o644) =>
      writeFileSync(this.#file(path), lines.map((line) => `${line}\n`).join(''), { mode })
    write('/etc/ascend-demo/chips', [String(chips)])
    write('/etc/ascend-demo/pace', ['0'])
    write('/etc/ascend-demo/faults', [])
    write('/etc/ascend-demo/sshd_config', sshdConfig(this.address, this.port, password !== undefined))
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.#file('/etc/ascend-demo/host-key')])
    write('/root/.ssh/authorized_keys', keys, 0o600)
    if (npuNetwork !== undefined) write('/etc/hccn.conf', hccnConf(npuNetwork, chips))
    if (toolkit !== undefined) write(`/usr/local/Ascend/${toolkitInfo}`, toolkitLines(toolkit))
    for (const path of [...install, ...packages]) cpSync(path, this.#file(`/opt/packages/${path.split('/').at(-1)}`))
    const first = ['getent group HwHiAiUser > /dev/null || groupadd HwHiAiUser']
    first.push('id HwHiAiUser > /dev/null 2>&1 || useradd -g HwHiAiUser -m -s /bin/bash HwHiAiUser')
    if (password !== undefined) {
      write('/etc/ascend-demo/password', [`root:${password}`], 0o600)
      first.push('chpasswd < /etc/ascend-demo/password', 'rm /etc/ascend-demo/password')
    }
    for (const path of install) {
      first.push(`sh '/opt/packages/${path.split('/').at(-1)}' --full --install-for-all --quiet`)
    }
    if (options.image !== undefined) first.push(`make-demo-image '${options.image}'`)
    first.push(`echo ${pace} > /etc/ascend-demo/pace`)
    write('/etc/ascend-demo/first-start', first)
    if (options.eachStart !== undefined) write('/etc/ascend-demo/each-start', [options.eachStart])
  }
}

const toolkitInfo = `ascend-toolkit/latest/${machineArch}-linux/ascend_toolkit_install.info`

const toolkitLines = (version: string): string[] => [
  'package_name=Ascend-cann-toolkit',
  `version=${version}`,
  'innerversion=V100R001C20SPC001B251',
  'compatible_version=[V100R001C15],[V100R001C17],[V100R001C18],[V100R001C19],[V100R001C20]',
  `arch=${machineArch}`,
  'os=linux',
  `path=/usr/local/Ascend/ascend-toolkit/${version}/${machineArch}-linux`,
]

const hccnConf = (network: string, chips: number): string[] =>
  Array.from({ length: chips }, (_, device) => [
    `address_${device}=${network}.${device + 1}`,
    `netmask_${device}=255.255.255.0`,
  ]).flat()

const sshdConfig = (address: string, port: number, withPassword: boolean): string[] => [
  `Port ${port}`,
  `ListenAddress ${address}`,
  'HostKey /etc/ascend-demo/host-key',
  'PidFile none',
  'UsePAM no',
  'PermitRootLogin yes',
  `PasswordAuthentication ${withPassword ? 'yes' : 'no'}`,
  'KbdInteractiveAuthentication no',
  'StrictModes no',
  'UseDNS no',
  'MaxSessions 100',
  'MaxStartups 100',
  'Subsystem sftp internal-sftp',
]
