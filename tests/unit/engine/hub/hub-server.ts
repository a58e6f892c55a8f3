import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Faults {
  /** Ends the connection after this many bytes of each file answer, this many times. */
  cutAfter?: number
  cuts?: number
  /** Answers 429 to file requests this many times, asking to wait. */
  busy?: number
  /** Gives wrong bytes for this file this many times. */
  damaged?: { path: string; times: number }
  ignoresRanges?: boolean
  /** Bytes per answer chunk and the pause between chunks, milliseconds. */
  throttle?: { bytes: number; pauseMs: number }
  /** Holds the connection open without a byte, this many times. */
  silences?: number
}

export interface Repository {
  readonly files: Record<string, Buffer>
  /** Paths that are kept as large files, by their sha256. */
  readonly large?: readonly string[]
  readonly token?: string
}

const COMMIT = '0123456789abcdef0123456789abcdef01234567'
const PAGE = 3

/**
 * A server on loopback that behaves as the hubs do: listing in pages, large files by a redirect to another server that
 * must not see the token, ranges, and faults on demand.
 */
export class HubServer implements AsyncDisposable {
  readonly faults: Faults = {}
  /** Each request for a file's content: path and range header. */
  readonly requests: { path: string; range: string | undefined }[] = []
  /** What the content server was shown. */
  readonly leaked: (string | undefined)[] = []
  readonly #repositories: Record<string, Repository>
  readonly #hub: Server
  readonly #content: Server

  private constructor(repositories: Record<string, Repository>) {
    this.#repositories = repositories
    this.#hub = createServer((request, response) => this.#answer(request, response))
    this.#content = createServer((request, response) => {
      this.leaked.push(request.headers.authorization)
      const [, repository = '', path = ''] = /^\/content\/([^?]+)\?path=(.*)$/.exec(request.url ?? '') ?? []
      this.#send(
        request,
        response,
        decodeURIComponent(path),
        this.#file(decodeURIComponent(repository), decodeURIComponent(path)),
      )
    })
  }

  static async start(repositories: Record<string, Repository>): Promise<HubServer> {
    const server = new HubServer(repositories)
    for (const part of [server.#hub, server.#content]) {
      await new Promise<void>((resolve) => part.listen(0, '127.0.0.1', resolve))
    }
    return server
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of [this.#hub, this.#content]) {
      part.closeAllConnections()
      await new Promise((resolve) => part.close(resolve))
    }
  }

  #file(repository: string, path: string): Buffer | undefined {
    return this.#repositories[repository]?.files[path]
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.endpoint)
    const huggingFace = /^\/api\/(models|datasets)\/(.+?)\/(revision|tree)\/([^/]+)$/.exec(url.pathname)
    const resolved = /^\/(datasets\/)?(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname)
    const modelScope = /^\/api\/v1\/(models|datasets)\/(.+?)\/repo(\/files|\/tree)?$/.exec(url.pathname)
    const name = decodeURIComponent((modelScope ?? huggingFace ?? resolved)?.[2] ?? '')
    const repository = this.#repositories[name]
    if (repository === undefined) return json(response, 404, { error: 'Repository not found' })
    if (repository.token !== undefined && request.headers.authorization !== `Bearer ${repository.token}`) {
      return json(response, 401, { error: 'Access to it is restricted' })
    }
    if (huggingFace !== null) return this.#listHuggingFace(url, huggingFace[3] === 'tree', repository, response)
    if (modelScope !== null && modelScope[3] !== undefined) {
      return listModelScope(url, modelScope[1] === 'datasets', repository, response)
    }
    const path =
      modelScope !== null ? (url.searchParams.get('FilePath') ?? '') : decodeURIComponent(resolved?.[4] ?? '')
    if (repository.large?.includes(path) === true) {
      const { port } = this.#content.address() as AddressInfo
      const location = `http://127.0.0.1:${port}/content/${encodeURIComponent(name)}?path=${encodeURIComponent(path)}`
      response.writeHead(302, { location }).end()
      return
    }
    this.#send(request, response, path, repository.files[path])
  }

  #listHuggingFace(url: URL, isTree: boolean, repository: Repository, response: ServerResponse): void {
    if (!isTree) return json(response, 200, { sha: COMMIT })
    const all = Object.entries(repository.files).map(([path, content]) => ({
      type: 'file',
      path,
      size: content.length,
      oid: createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
      ...(repository.large?.includes(path) === true
        ? { lfs: { oid: createHash('sha256').update(content).digest('hex'), size: content.length } }
        : {}),
    }))
    const from = Number(url.searchParams.get('cursor') ?? 0)
    if (from + PAGE < all.length) {
      url.searchParams.set('cursor', String(from + PAGE))
      response.setHeader('link', `<https://hub.invalid${url.pathname}${url.search}>; rel="next"`)
    }
    json(response, 200, [{ type: 'directory', path: 'folder' }, ...all.slice(from, from + PAGE)])
  }

  #send(request: IncomingMessage, response: ServerResponse, path: string, content: Buffer | undefined): void {
    const { faults } = this
    this.requests.push({ path, range: request.headers.range })
    if (content === undefined) return json(response, 404, {})
    if ((faults.busy ?? 0) > 0) {
      faults.busy = (faults.busy ?? 0) - 1
      response.setHeader('retry-after', '0.01')
      return json(response, 429, {})
    }
    if ((faults.silences ?? 0) > 0) {
      faults.silences = (faults.silences ?? 0) - 1
      return
    }
    let body = content
    if (faults.damaged?.path === path && faults.damaged.times > 0) {
      faults.damaged.times--
      body = Buffer.from(content.map((byte, index) => (index === 0 ? byte ^ 1 : byte)))
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const isPartial = first !== undefined && faults.ignoresRanges !== true
    if (isPartial) body = body.subarray(Number(first), Number(last) + 1)
    response.writeHead(isPartial ? 206 : 200, {
      'content-length': body.length,
      ...(isPartial ? { 'content-range': `bytes ${first}-${last}/${content.length}` } : {}),
    })
    if ((faults.cuts ?? 0) > 0 && body.length > (faults.cutAfter ?? 0)) {
      faults.cuts = (faults.cuts ?? 0) - 1
      response.write(body.subarray(0, faults.cutAfter), () => response.destroy())
      return
    }
    if (faults.throttle === undefined) response.end(body)
    else void drip(response, body, faults.throttle)
  }
}

async function drip(
  response: ServerResponse,
  body: Buffer,
  { bytes, pauseMs }: NonNullable<Faults['throttle']>,
): Promise<void> {
  for (let at = 0; at < body.length && !response.destroyed; at += bytes) {
    response.write(body.subarray(at, at + bytes))
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  response.end()
}

/** Models are listed whole, data sets in pages and one folder at a time, as the real one does. */
function listModelScope(url: URL, isDataset: boolean, { files }: Repository, response: ServerResponse): void {
  const root = url.searchParams.get('Root') ?? ''
  const below = Object.keys(files).filter((path) => root === '' || path.startsWith(`${root}/`))
  const entryOf = (path: string): object => {
    const content = files[path] ?? Buffer.alloc(0)
    const Sha256 = createHash('sha256').update(content).digest('hex')
    return { Path: path, Name: path.split('/').at(-1), Type: 'blob', Size: content.length, Sha256 }
  }
  if (!isDataset) return json(response, 200, { Code: 200, Data: { Files: below.map(entryOf) } })
  const depth = root === '' ? 0 : root.split('/').length
  const names = new Set(
    below.map((path) =>
      path
        .split('/')
        .slice(0, depth + 1)
        .join('/'),
    ),
  )
  const entries = [...names].map((name) =>
    name in files ? entryOf(name) : { Path: name, Name: name, Type: 'tree', Size: 0 },
  )
  const size = Number(url.searchParams.get('PageSize'))
  const from = (Number(url.searchParams.get('PageNumber')) - 1) * size
  json(response, 200, { Code: 200, Data: { Files: entries.slice(from, from + size) } })
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
