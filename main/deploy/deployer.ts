import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { DeployUsage, InstallProgress, InstalledEngines } from '#contract/index.ts'
import { Emitter } from '../emitter.ts'
import type { RemoteEngineCommand } from '../engines/ssh-link.ts'
import type { SshLink } from '../links/index.ts'
import type { Log } from '../log/log.ts'
import { assertGlibc, findPlace, fittingNode, lookAtPlace, type EnginePlace } from './engine-place.ts'
import { engineDir, probeHost, type RemoteNode } from './probe.ts'
import {
  CHECKSUM_FAILED,
  DOES_NOT_START,
  INSTALL_ENGINE,
  INSTALL_RUNTIME,
  PIN,
  REMOVE_ENGINE,
  remoteScript,
  UNINSTALL,
} from './remote-scripts.ts'
import type { RuntimeFile, RuntimeSource } from './runtime-source.ts'
import { parseUsage, REMOVE_RUNTIME, USAGE } from './usage.ts'

const REASON_CHARS = 500

export interface DeployerOptions {
  readonly version: string
  /** The one file of the engine. */
  readonly bundle: string
  readonly runtimes: Pick<RuntimeSource, 'get'>
  readonly log: Log
}

/**
 * Brings the engine of this workbench to hosts, and a Node to run it where there is none. Versions lie side by side, so
 * jobs that run with another one are not touched. Everything is below the engine's folder and needs no root.
 */
export class Deployer {
  readonly #options: DeployerOptions
  readonly #installing = new Map<HostId, InstallProgress>()
  readonly #changed = new Emitter<InstallProgress>()
  #bundle: Promise<{ name: string; sha256: string; gzipped: Buffer }> | null = null

  constructor(options: DeployerOptions) {
    this.#options = options
  }

  /** What is being brought to which host. */
  list(): InstallProgress[] {
    return [...this.#installing.values()]
  }

  onChange(listener: (progress: InstallProgress) => void): Disposable {
    return this.#changed.on(listener)
  }

  /**
   * How to start the engine on a host or inside its container, after bringing what is missing.
   * @throws AppError `engine.hostUnsupported`, `engine.glibcTooOld`, `engine.installFailed`, `engine.container…`,
   * `engine.noDocker`, `runtime.*`, `ssh.*`
   */
  readonly resolve = async (link: SshLink, signal: AbortSignal): Promise<RemoteEngineCommand> => {
    try {
      const place = await findPlace(link, signal)
      if (place.os !== 'Linux') throw new AppError('engine.hostUnsupported', { host: link.name, system: place.os })
      const node = await this.#ensureNode(link, place, signal)
      const pinned = place.engines.find(({ name }) => name === place.pinned)
      const name = pinned?.name ?? (await this.#ensureEngine(link, place, node, signal))
      return {
        argv: [...place.runner, node.path, `${place.dir}/engine/${name}/engine.mjs`, 'serve'],
        env: { AWB_HOME: place.dir },
      }
    } finally {
      this.#report({ host: link.host, phase: 'done', done: 0, total: 0 })
    }
  }

  async installed(link: SshLink, signal?: AbortSignal): Promise<InstalledEngines> {
    const { name } = await this.#ourBundle()
    const probe = await lookAtPlace(link, signal)
    const { dir, os, arch, glibc, nodes, engines, pinned } = probe
    return {
      dir,
      os,
      arch,
      glibc,
      nodes: [...nodes],
      node: fittingNode(probe)?.path ?? null,
      engines: engines.map((engine) => engine.name),
      current: name,
      pinned,
    }
  }

  /** What versions take on the host and which of them run. */
  async usage(link: SshLink, signal?: AbortSignal): Promise<DeployUsage> {
    const { dir } = await probeHost(link, engineDir(link), signal)
    const { stdout } = await link.run(remoteScript(USAGE, dir), signal ? { signal } : {})
    return parseUsage(stdout.toString('utf8'))
  }

  /** Chooses an installed engine for the next starts, or with null the one of this workbench. */
  async pin(link: SshLink, name: string | null): Promise<void> {
    await this.#run(link, PIN, (await probeHost(link, engineDir(link))).dir, name ?? '')
  }

  /** Throws `engine.inUse` for the one that is chosen, `engine.versionBusy` for one that jobs or terminals run with. */
  async remove(link: SshLink, name: string): Promise<void> {
    const { dir, engines, pinned } = await probeHost(link, engineDir(link))
    const inUse = pinned ?? (await this.#ourBundle()).name
    if (name === inUse) throw new AppError('engine.inUse', { name, host: link.name })
    if (!engines.some((engine) => engine.name === name)) return
    const used = (await this.usage(link)).engines.find((engine) => engine.name === name)
    const count = (used?.jobs ?? 0) + (used?.terminals ?? 0)
    if (count > 0) throw new AppError('engine.versionBusy', { name, host: link.name, count })
    await this.#run(link, REMOVE_ENGINE, dir, name)
  }

  /** Removes a Node that was brought. Throws `engine.runtimeBusy` while programs run on it. */
  async removeRuntime(link: SshLink, name: string): Promise<void> {
    const { dir } = await probeHost(link, engineDir(link))
    const used = (await this.usage(link)).runtimes.find((runtime) => runtime.name === name)
    if (!used) return
    if (used.programs > 0) throw new AppError('engine.runtimeBusy', { name, host: link.name, count: used.programs })
    await this.#run(link, REMOVE_RUNTIME, dir, name)
  }

  /** Takes engines and runtimes off the host; with `isEverything` also jobs, so that nothing is left. */
  async uninstall(link: SshLink, isEverything: boolean): Promise<void> {
    const { dir } = await probeHost(link, engineDir(link))
    await this.#run(link, UNINSTALL, dir, isEverything ? 'all' : 'programs')
  }

  async #ensureNode(link: SshLink, place: EnginePlace, signal: AbortSignal): Promise<RemoteNode> {
    const fits = fittingNode(place)
    if (fits) return fits
    assertGlibc(place, link.name)
    this.#report({ host: link.host, phase: 'fetch', done: 0, total: 0 })
    const runtime = await this.#options.runtimes.get(place.arch, signal)
    const { size } = await stat(runtime.path)
    const args = [place.dir, runtime.name, runtime.sha256, ...place.runner]
    await this.#send(link, 'runtime', INSTALL_RUNTIME, args, createReadStream(runtime.path), size, signal)
    this.#options.log.info('deploy.runtime', { host: link.host, name: runtime.name })
    return { path: `${place.dir}/runtime/${runtime.name}/bin/node`, version: versionOf(runtime) }
  }

  async #ensureEngine(link: SshLink, place: EnginePlace, node: RemoteNode, signal: AbortSignal): Promise<string> {
    const { name, sha256, gzipped } = await this.#ourBundle()
    if (place.engines.some((engine) => engine.name === name && engine.sha256 === sha256)) return name
    const args = [place.dir, name, sha256, node.path, ...place.runner]
    await this.#send(link, 'engine', INSTALL_ENGINE, args, Readable.from(pieces(gzipped)), gzipped.length, signal)
    this.#options.log.info('deploy.engine', { host: link.host, name })
    return name
  }

  /** The version with the first digits of the content: builds of one version are different engines. */
  #ourBundle(): Promise<{ name: string; sha256: string; gzipped: Buffer }> {
    this.#bundle ??= readFile(this.#options.bundle).then(
      (content) => {
        const sha256 = createHash('sha256').update(content).digest('hex')
        return { name: `${this.#options.version}-${sha256.slice(0, 8)}`, sha256, gzipped: gzipSync(content) }
      },
      (cause: unknown) => {
        this.#bundle = null
        throw new AppError('engine.missing', { path: this.#options.bundle }, { cause })
      },
    )
    return this.#bundle
  }

  async #send(
    link: SshLink,
    phase: 'runtime' | 'engine',
    script: string,
    args: readonly string[],
    content: Readable,
    total: number,
    signal: AbortSignal,
  ): Promise<void> {
    const process = await link.exec(remoteScript(script, ...args), { priority: 'bulk', signal })
    let stderr = ''
    process.stdout.resume()
    process.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-REASON_CHARS)))
    let done = 0
    const counted = async (chunks: AsyncIterable<Buffer>, target: NodeJS.WritableStream) => {
      for await (const chunk of chunks) {
        if (!target.write(chunk)) await new Promise((resolve) => target.once('drain', resolve))
        done += chunk.length
        this.#report({ host: link.host, phase, done, total })
      }
      target.end()
    }
    process.stdin.on('error', () => undefined)
    // A script that gives up early closes its input: its exit says why, not the failed write.
    const [sent, ended] = await Promise.allSettled([counted(content, process.stdin), process.exit])
    if (ended.status === 'rejected') throw ended.reason
    if (ended.value.code !== 0) throw this.#failure(link, ended.value.code, stderr)
    if (sent.status === 'rejected') throw sent.reason
  }

  async #run(link: SshLink, script: string, ...args: readonly string[]): Promise<void> {
    const { code, stderr } = await link.run(remoteScript(script, ...args))
    if (code !== 0) throw this.#failure(link, code, stderr.toString('utf8'))
  }

  #failure(link: SshLink, code: number | null, stderr: string): AppError {
    const said = stderr.trim().split('\n').at(-1) ?? ''
    const reason =
      code === CHECKSUM_FAILED
        ? 'checksum'
        : code === DOES_NOT_START
          ? `it does not start: ${said}`
          : said || `exit ${code}`
    return new AppError('engine.installFailed', { host: link.name, reason })
  }

  #report(progress: InstallProgress): void {
    if (progress.phase === 'done' && !this.#installing.delete(progress.host)) return
    if (progress.phase !== 'done') this.#installing.set(progress.host, progress)
    this.#changed.emit(progress)
  }
}

const versionOf = ({ name }: RuntimeFile): string => name.split('-')[1] ?? ''

/** Small enough that progress moves and other channels get their turn. */
function* pieces(content: Buffer): Generator<Buffer> {
  for (let at = 0; at < content.length; at += 64 * 1024) yield content.subarray(at, at + 64 * 1024)
}
