import { mkdtemp, readdir, readFile, rm, writeFile, mkdir } from 'node:fs/promises'
import { createServer as createProxy, request as ask } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HubClient } from '../../../../engine/hub/client.ts'
import { downloadRepository } from '../../../../engine/hub/download.ts'
import { huggingFaceHub } from '../../../../engine/hub/huggingface.ts'
import { modelScopeHub } from '../../../../engine/hub/modelscope.ts'
import { downloadFromHub } from '../../../../engine/hub/tasks.ts'
import { HubDownloadSpec } from '../../../../engine/protocol/hub-tasks.ts'
import type { Progress } from '../../../../engine/protocol/jobs.ts'
import { HubServer } from './hub-server.ts'

/** Content without a period, so that a shifted range cannot go unnoticed. */
function noise(bytes: number, seed: number): Buffer {
  const content = Buffer.alloc(bytes)
  let state = seed
  for (let at = 0; at + 4 <= bytes; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    content.writeUInt32LE(state, at)
  }
  return content
}

const weights = noise(70 * 1024 * 1024, 7)
const tiny = {
  'config.json': Buffer.from('{"model_type":"llama"}'),
  'folder/vocab 词表.txt': Buffer.from('一二三'),
  'folder/deeper/a.bin': noise(100_000, 3),
  'empty.txt': Buffer.alloc(0),
  'README.md': Buffer.from('# model'),
}
const repositories = {
  'owner/tiny': { files: tiny, large: ['folder/deeper/a.bin'] },
  'owner/big': {
    files: { 'model.safetensors': weights, 'config.json': tiny['config.json'] },
    large: ['model.safetensors'],
  },
  'owner/private': { files: { ...tiny }, large: ['folder/deeper/a.bin'], token: 'hf_secret' },
  'owner/evil': { files: { '../outside.txt': Buffer.from('x') } },
}

let folder = ''
let server: HubServer

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'awb-hub-'))
  server = await HubServer.start(repositories)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const quiet = {
  signal: new AbortController().signal,
  log: () => undefined,
  progress: () => undefined,
  metric: () => undefined,
  artifact: () => undefined,
}

interface Settings {
  hub?: 'huggingface' | 'modelscope'
  kind?: 'model' | 'dataset'
  include?: string[]
  exclude?: string[]
  token?: string
  proxy?: string
  parallel?: number
  signal?: AbortSignal
  progress?: (progress: Progress) => void
}

async function download(repository: string, settings: Settings = {}) {
  const { token, signal, progress, ...rest } = settings
  const spec = HubDownloadSpec.parse({ kind: 'model', repository, output: join(folder, 'out'), ...rest })
  const client = new HubClient({
    endpoint: server.endpoint,
    proxy: spec.proxy,
    token,
    connections: spec.parallel,
    firstWaitMs: 5,
    silenceMs: 300,
  })
  const lines: string[] = []
  try {
    const hub = spec.hub === 'huggingface' ? huggingFaceHub(spec, client) : modelScopeHub(spec, client)
    const context = {
      signal: signal ?? new AbortController().signal,
      log: (line: string) => lines.push(line),
      progress: progress ?? (() => undefined),
    }
    return { ...(await downloadRepository(spec, hub, client, context)), lines }
  } finally {
    await client.close()
  }
}

const content = (path: string): Promise<Buffer> => readFile(join(folder, 'out', path))

async function expectComplete(files: Record<string, Buffer>): Promise<void> {
  for (const [path, expected] of Object.entries(files)) expect((await content(path)).equals(expected), path).toBe(true)
  expect(await readdir(folder)).toEqual(['out'])
}

describe.each([
  { hub: 'huggingface', kind: 'model' },
  { hub: 'huggingface', kind: 'dataset' },
  { hub: 'modelscope', kind: 'model' },
  { hub: 'modelscope', kind: 'dataset' },
] as const)('a $kind of a $hub hub', ({ hub, kind }) => {
  test('arrives whole, pages, folders and redirects included', async () => {
    const result = await download('owner/tiny', { hub, kind })
    expect(result).toMatchObject({ files: 5, bytes: 100_000 + 22 + 9 + 7, unchecked: 0 })
    await expectComplete(tiny)
    const source = JSON.parse((await content('awb-source.json')).toString()) as object
    expect(source).toMatchObject({ source: { hub, kind, repository: 'owner/tiny', endpoint: server.endpoint } })
  })
})

test('patterns choose files; one without a folder fits in any', async () => {
  await download('owner/tiny', { include: ['*.json', 'folder/**'], exclude: ['*.bin'] })
  const found = await readdir(join(folder, 'out'), { recursive: true })
  expect(found.toSorted()).toEqual(['awb-source.json', 'config.json', 'folder', 'folder/vocab 词表.txt'])
})

test('patterns that fit nothing are refused before anything is written', async () => {
  await expect(download('owner/tiny', { include: ['*.gguf'] })).rejects.toMatchObject({ code: 'hub.nothingChosen' })
  expect(await readdir(folder)).toEqual([])
})

test('a large file comes in parts over several connections', async () => {
  const seen: number[] = []
  await download('owner/big', { progress: ({ done }) => seen.push(done) })
  await expectComplete(repositories['owner/big'].files)
  const ranges = server.requests.filter(({ path }) => path === 'model.safetensors').map(({ range }) => range)
  expect(ranges.toSorted()).toEqual(['bytes=0-33554431', 'bytes=33554432-67108863', 'bytes=67108864-73400319'])
  expect(seen.at(-1)).toBe(weights.length + tiny['config.json'].length)
})

test('cut connections go on at the byte where they stopped', async () => {
  Object.assign(server.faults, { cutAfter: 5_000_000, cuts: 9 })
  await download('owner/big', { parallel: 2 })
  await expectComplete(repositories['owner/big'].files)
  expect(server.requests.some(({ range }) => /^bytes=(?!0-|33554432-|67108864-)\d+-/.test(range ?? ''))).toBe(true)
})

test('a server that ignores ranges still gives the whole file', async () => {
  server.faults.ignoresRanges = true
  await download('owner/big', { parallel: 3 })
  await expectComplete(repositories['owner/big'].files)
})

test('a busy server and silent connections are tried again', async () => {
  Object.assign(server.faults, { busy: 3, silences: 2 })
  await download('owner/tiny')
  await expectComplete(tiny)
})

test('a server that never gives a byte is given up with a reason, and what arrived is kept', async () => {
  server.faults.busy = 1000
  await expect(download('owner/tiny')).rejects.toMatchObject({
    code: 'hub.unreachable',
    params: { reason: 'HTTP 429' },
  })
  server.faults.busy = 0
  await download('owner/tiny')
  await expectComplete(tiny)
})

test('a stopped download goes on with what is there', async () => {
  const stop = new AbortController()
  server.faults.throttle = { bytes: 1 << 20, pauseMs: 2 }
  const progress = ({ done }: Progress): void => {
    if (done > 40 * 1024 * 1024) stop.abort()
  }
  await expect(download('owner/big', { parallel: 1, signal: stop.signal, progress })).rejects.toMatchObject({
    code: 'cancelled',
  })
  expect(await readdir(folder)).toEqual(['.out.awb-download'])
  delete server.faults.throttle
  server.requests.length = 0
  const { lines } = await download('owner/big')
  await expectComplete(repositories['owner/big'].files)
  expect(lines).toContain('33.6 MB are here from an earlier try')
  expect(server.requests.map(({ range }) => range)).not.toContain('bytes=0-33554431')
})

test('a damaged file is fetched once more', async () => {
  server.faults.damaged = { path: 'config.json', times: 1 }
  const { lines } = await download('owner/tiny')
  expect(lines).toContain('warning: config.json arrived damaged and is downloaded once more')
  await expectComplete(tiny)
})

test('a file that stays damaged ends the download, and is not trusted by the next', async () => {
  server.faults.damaged = { path: 'folder/deeper/a.bin', times: 2 }
  await expect(download('owner/tiny')).rejects.toMatchObject({
    code: 'hub.damaged',
    params: { file: 'folder/deeper/a.bin' },
  })
  expect(await readdir(folder)).toEqual(['.out.awb-download'])
  await download('owner/tiny')
  await expectComplete(tiny)
})

test('the token opens a private repository and is shown to the hub alone', async () => {
  await expect(download('owner/private')).rejects.toMatchObject({ code: 'hub.denied' })
  await download('owner/private', { token: 'hf_secret' })
  await expectComplete(tiny)
  expect(server.leaked).toEqual([undefined])
})

test('a repository that is not there is named', async () => {
  await expect(download('owner/none')).rejects.toMatchObject({ code: 'hub.notFound' })
  await expect(download('owner/none', { hub: 'modelscope' })).rejects.toMatchObject({ code: 'hub.notFound' })
})

test('a path that leaves the folder is refused before anything is written', async () => {
  await expect(download('owner/evil')).rejects.toMatchObject({ code: 'hub.unsafePath' })
  expect(await readdir(folder)).toEqual([])
})

test('a folder with something in it is not touched', async () => {
  await mkdir(join(folder, 'out'))
  await writeFile(join(folder, 'out', 'mine.txt'), 'mine')
  await expect(download('owner/tiny')).rejects.toMatchObject({ code: 'file.exists' })
  expect(await readdir(join(folder, 'out'))).toEqual(['mine.txt'])
})

test('everything goes through a proxy that is given', async () => {
  const asked: string[] = []
  const proxy = createProxy((request, response) => {
    asked.push(new URL(request.url ?? '').origin)
    const onward = ask(request.url ?? '', { headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  try {
    await download('owner/tiny', { proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` })
  } finally {
    proxy.close()
  }
  await expectComplete(tiny)
  expect(asked).toContain(server.endpoint)
  expect(new Set(asked).size).toBe(2)
})

test('one file of a web server', async () => {
  const address = `${server.endpoint}/owner/big/resolve/main/model.safetensors`
  const output = join(folder, 'out')
  const result = await downloadFromHub(
    HubDownloadSpec.parse({ hub: 'address', kind: 'model', repository: address, output }),
    quiet,
  )
  expect(result).toMatchObject({ files: 1, bytes: weights.length, unchecked: 1 })
  await expectComplete({ 'model.safetensors': weights })
})

test('a repository is a name, an address is an address', () => {
  const rest = { kind: 'model', output: '/x' }
  const accepts = (hub: string, repository: string): boolean =>
    HubDownloadSpec.safeParse({ ...rest, hub, repository }).success
  expect(accepts('huggingface', 'a/b')).toBe(true)
  expect(accepts('huggingface', 'a/b/c')).toBe(false)
  expect(accepts('huggingface', '../b')).toBe(false)
  expect(accepts('address', 'https://host/a.ckpt')).toBe(true)
  expect(accepts('address', 'file:///etc/passwd')).toBe(false)
})

test('the task takes mirror and token from the environment', async () => {
  vi.stubEnv('HF_ENDPOINT', `${server.endpoint}/`)
  vi.stubEnv('HF_TOKEN', 'hf_secret')
  const artifacts: object[] = []
  const output = join(folder, 'out')
  await downloadFromHub(HubDownloadSpec.parse({ kind: 'model', repository: 'owner/private', output }), {
    ...quiet,
    artifact: (artifact) => artifacts.push(artifact),
  })
  await expectComplete(tiny)
  expect(artifacts).toEqual([{ kind: 'checkpoint', path: output }])
})
