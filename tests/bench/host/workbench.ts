import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WebSocket } from 'ws'
import { HostDraft, hosts, type HostView } from '#contract/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import { connect, type Connection } from '#engine/rpc/connect.ts'
import { webSocketTransport } from '#main/shells/websocket-transport.ts'
import { Home, Shell } from '../../e2e/workbench.ts'
import { until } from '../../fixtures/until.ts'
import type { SshLab, Sshd } from '../../hosts/sshd.ts'

const npuSmiOutput = fileURLToPath(new URL('../../fixtures/host/npu-smi/052-910B3-24.1.rc2-info.txt', import.meta.url))
/** Engines of many hosts start one after the other on one machine. */
const READY_MS = 180_000

/**
 * The workbench as `npm start -- --browser` runs it, in a process of its own, with hosts that are connected and whose
 * engines it has brought there. All of them are this machine behind an OpenSSH server each, with an `npu-smi` that prints
 * a table and costs next to nothing.
 */
export class BenchWorkbench implements AsyncDisposable {
  readonly shell: Shell
  readonly contract: Connection
  readonly hosts: readonly HostId[]
  readonly engineDirs: readonly string[]
  readonly #stack: AsyncDisposableStack

  private constructor(
    shell: Shell,
    contract: Connection,
    views: readonly HostId[],
    dirs: string[],
    stack: AsyncDisposableStack,
  ) {
    this.shell = shell
    this.contract = contract
    this.hosts = views
    this.engineDirs = dirs
    this.#stack = stack
  }

  /** `onBare` is called when the workbench runs and knows no host. */
  static async start(
    lab: SshLab,
    count: number,
    onBare: (pid: number) => void = () => undefined,
  ): Promise<BenchWorkbench> {
    await using stack = new AsyncDisposableStack()
    const home = stack.use(new Home())
    const key = lab.key('bench')
    const servers = await startServers(lab, count, key)
    const known = servers.map(({ address, port, hostKey }) => `[${address}]:${port} ssh-ed25519 ${hostKey}\n`)
    mkdirSync(join(home.state, 'app'), { recursive: true })
    writeFileSync(join(home.state, 'app', 'known_hosts'), known.join(''))
    const shell = stack.use(await Shell.start(home))
    const contract = stack.use(await connectContract(shell))
    const views = watchHosts(contract, stack)
    onBare(shell.process.pid ?? 0)
    const dirs = servers.map((_, index) => join(home.folder, `engine-${index}`))
    const add = async ({ address, port }: Sshd, index: number): Promise<HostId> => {
      const ssh = { address, port, user: 'root', auth: ['key'], keys: [key], engineDir: dirs[index] }
      const { id } = await contract.topic(hosts).add({ draft: HostDraft.parse({ name: `host-${index}`, ssh }) })
      await contract.topic(hosts).connect({ id })
      return id
    }
    const [first, ...others] = servers
    if (!first) throw new Error('no servers')
    const ids = [await add(first, 0)]
    const ready = (id: HostId) => until(() => isReady(views.get(id)), `the engine of ${id}`, READY_MS)
    await Promise.all(ids.map(ready))
    // The first engine was brought over its link; the others would only bring the same file again.
    for (const dir of dirs.slice(1)) cpSync(join(dirs[0] ?? '', 'engine'), join(dir, 'engine'), { recursive: true })
    for (const [index, server] of others.entries()) ids.push(await add(server, index + 1))
    await Promise.all(ids.map(ready))
    return new BenchWorkbench(shell, contract, ids, dirs, stack.move())
  }

  get pid(): number {
    return this.shell.process.pid ?? 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}

function isReady(view: HostView | undefined): true | undefined {
  if (view?.engine.state === 'failed' || view?.ssh?.link.state === 'failed') {
    throw new Error(JSON.stringify(view.engine.error ?? view.ssh?.link.error))
  }
  return view?.engine.state === 'ready' || undefined
}

async function startServers(lab: SshLab, count: number, key: string): Promise<Sshd[]> {
  const tools = join(lab.folder, 'tools')
  mkdirSync(tools, { recursive: true })
  symlinkSync(process.execPath, join(tools, 'node'))
  writeFileSync(join(tools, 'npu-smi'), `#!/bin/sh\nexec cat '${npuSmiOutput}'\n`)
  chmodSync(join(tools, 'npu-smi'), 0o755)
  const config = { SetEnv: `PATH=${tools}:/usr/local/bin:/usr/bin:/bin` }
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const server = await lab.start(`watched-${index}`, { address: `127.0.1.${index + 1}`, config })
      server.authorize(key)
      return server
    }),
  )
}

function watchHosts(contract: Connection, stack: AsyncDisposableStack): ReadonlyMap<HostId, HostView> {
  const views = new Map<HostId, HostView>()
  stack.use(
    contract.topic(hosts).watch(
      {},
      {
        snapshot: (all) => {
          for (const view of all) views.set(view.id, view)
        },
        delta: (delta) => delta.kind === 'changed' && views.set(delta.host.id, delta.host),
        error: (error) => console.error(error),
      },
    ),
  )
  return views
}

/** The contract as a page has it: a token for a cookie, and the cookie for a socket. */
async function connectContract(shell: Shell): Promise<Connection> {
  const { origin, hash } = new URL(await shell.newUrl())
  const token = new URLSearchParams(hash.slice(1)).get('token')
  const cookie = await new Promise<string>((resolve, reject) => {
    const headers = { origin, 'content-type': 'application/json' }
    const asked = request(`${origin}/session`, { method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.headers['set-cookie']?.[0]?.split(';')[0] ?? '')
    })
    asked.once('error', reject)
    asked.end(JSON.stringify({ token }))
  })
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`, { headers: { cookie, origin } })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return connect(webSocketTransport(socket))
}
