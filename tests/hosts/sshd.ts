import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const SSHD = '/usr/sbin/sshd'

/** Why this machine cannot run test servers, or null. */
export function noSshd(): string | null {
  if (!existsSync(SSHD)) return 'no OpenSSH server (apt-get install openssh-server)'
  if (process.getuid?.() !== 0) return 'the test servers need root to start sessions'
  return null
}

export interface SshdOptions {
  /** An address of loopback; several servers may share one. */
  readonly address?: string
  /** Taken when free ones will not do; 0 or absent finds one. */
  readonly port?: number
  /** More lines of sshd_config; they come first, and the first line about something counts. */
  readonly config?: Readonly<Record<string, string | number>>
  /** Name of the PAM service, which is the name that sshd runs under. */
  readonly pamService?: string
}

/** Keys and folders of a set of test servers, in one temporary folder. */
export class SshLab implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'awb-sshd-'))
  readonly #servers: Sshd[] = []
  readonly #cleanup: (() => void)[] = []

  constructor() {
    // Users other than root read their authorized_keys here.
    chmodSync(this.folder, 0o755)
  }

  /** Path of a new key pair, the public half beside it as `.pub`. */
  key(
    name: string,
    options: { type?: string; bits?: number; passphrase?: string; format?: 'PEM' | 'PKCS8' } = {},
  ): string {
    const { type = 'ed25519', bits, passphrase = '', format } = options
    const path = join(this.folder, name)
    rmSync(path, { force: true })
    const more = [...(format ? ['-m', format] : []), ...(bits ? ['-b', String(bits)] : [])]
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', name, '-f', path, ...more])
    return path
  }

  /** A server with a host key of its own that lets in `authorize`d keys. */
  async start(name: string, options: SshdOptions = {}): Promise<Sshd> {
    const server = new Sshd(join(this.folder, `sshd-${name}`), options)
    this.#servers.push(server)
    await server.start()
    return server
  }

  /** Runs when the lab is closed, last added first. */
  defer(close: () => void): void {
    this.#cleanup.push(close)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()))
    for (const close of this.#cleanup.reverse()) close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A real OpenSSH server on loopback. */
export class Sshd {
  readonly address: string
  readonly folder: string
  readonly #options: SshdOptions
  #port: number
  #process: ChildProcess | null = null

  constructor(folder: string, options: SshdOptions) {
    this.folder = folder
    this.#options = options
    this.address = options.address ?? '127.0.0.1'
    this.#port = options.port ?? 0
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'authorized_keys'), '')
    this.newHostKey()
  }

  get port(): number {
    return this.#port
  }

  /** Base64 of the public host key. */
  get hostKey(): string {
    return readFileSync(join(this.folder, 'host.pub'), 'utf8').split(' ')[1] ?? ''
  }

  /** What the server wrote to its log. */
  get log(): string {
    return readFileSync(join(this.folder, 'log'), 'utf8')
  }

  /** Process id of the listening server. */
  get pid(): number {
    return this.#process?.pid ?? 0
  }

  newHostKey(type = 'ed25519'): void {
    for (const file of ['host', 'host.pub']) rmSync(join(this.folder, file), { force: true })
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', join(this.folder, 'host')])
  }

  /** Lets the owner of a key in, `keyFile` without `.pub`. */
  authorize(keyFile: string): void {
    copyFileSync(`${keyFile}.pub`, join(this.folder, 'authorized_keys'))
  }

  async start(): Promise<void> {
    mkdirSync('/run/sshd', { recursive: true })
    this.#port ||= await freePort(this.address)
    const defaults = {
      Port: this.#port,
      ListenAddress: this.address,
      HostKey: join(this.folder, 'host'),
      PidFile: 'none',
      AuthorizedKeysFile: join(this.folder, 'authorized_keys'),
      PasswordAuthentication: 'no',
      KbdInteractiveAuthentication: 'no',
      UsePAM: 'no',
      StrictModes: 'no',
      PermitRootLogin: 'yes',
      MaxSessions: 100,
      MaxStartups: 100,
      UseDNS: 'no',
      Subsystem: 'sftp internal-sftp',
      LogLevel: 'VERBOSE',
    }
    const lines = [this.#options.config ?? {}, defaults].flatMap((part) =>
      Object.entries(part).map(([name, value]) => `${name} ${value}`),
    )
    writeFileSync(join(this.folder, 'sshd_config'), `${lines.join('\n')}\n`)
    const program = this.#program()
    const args = ['-D', '-E', join(this.folder, 'log'), '-f', join(this.folder, 'sshd_config')]
    this.#process = spawn(program, args, { stdio: 'ignore' })
    await reachable(this.address, this.#port)
  }

  /** Ends the server and every session of it. */
  async stop(): Promise<void> {
    const server = this.#process
    this.#process = null
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    this.killSessions(server.pid)
    server.kill()
    await once(server, 'exit')
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Kills what serves the open connections; the server goes on. Answers how many there were. */
  killSessions(server = this.#process?.pid): number {
    if (server === undefined) return 0
    const children = childrenOf(server)
    for (const pid of children) {
      // The unprivileged half first, else the privileged one would still say goodbye.
      for (const half of [...childrenOf(pid).filter((child) => commandOf(child).startsWith('sshd')), pid]) kill(half)
    }
    return children.length
  }

  /** sshd takes the PAM service of its own name. */
  #program(): string {
    const { pamService } = this.#options
    if (pamService === undefined) return SSHD
    const copy = join(this.folder, pamService)
    if (!existsSync(copy)) copyFileSync(SSHD, copy)
    return copy
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    // It has ended meanwhile.
    return []
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

export async function freePort(address = '127.0.0.1'): Promise<number> {
  const probe = createServer().listen(0, address)
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

/** Waits until something listens there. */
export async function reachable(address: string, port: number, seconds = 5): Promise<void> {
  for (let attempt = 0; attempt < seconds * 40; attempt++) {
    const socket = connect(port, address)
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (isOpen) return
    await sleep(25)
  }
  throw new Error(`sshd did not open ${address}:${port}`)
}
