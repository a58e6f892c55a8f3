import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectSocket, createServer, type AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engine, facts } from '#engine/protocol/host.ts'
import { PROTOCOL_VERSION } from '#engine/protocol/host.ts'
import { JobId } from '#engine/protocol/ids.ts'
import { jobs } from '#engine/protocol/jobs.ts'
import { connect } from '#engine/rpc/connect.ts'
import { streamTransport } from '#engine/rpc/node.ts'

const root = new URL('../..', import.meta.url).pathname
const sshd = '/usr/sbin/sshd'

/** A real OpenSSH server on loopback: the engine speaks over its channel exactly as over a child's stdio. */
describe('the engine over SSH', () => {
  const folder = mkdtempSync(join(tmpdir(), 'awb-ssh-'))
  let server: ChildProcess | null = null
  let port = 0

  beforeAll(async () => {
    if (!existsSync(sshd)) return
    for (const name of ['host', 'user']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
    }
    execFileSync('cp', [join(folder, 'user.pub'), join(folder, 'authorized_keys')])
    port = await freePort()
    const config = {
      Port: port,
      ListenAddress: '127.0.0.1',
      HostKey: join(folder, 'host'),
      PidFile: 'none',
      AuthorizedKeysFile: join(folder, 'authorized_keys'),
      PasswordAuthentication: 'no',
      UsePAM: 'no',
      StrictModes: 'no',
    }
    const lines = Object.entries(config).map(([key, value]) => `${key} ${value}`)
    writeFileSync(join(folder, 'sshd_config'), lines.join('\n') + '\n')
    execFileSync('mkdir', ['-p', '/run/sshd'])
    server = spawn(sshd, ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: 'ignore' })
    await reachable(port)
  })

  afterAll(async () => {
    if (server && server.exitCode === null) {
      server.kill()
      await once(server, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })

  it('answers hello and facts and runs a job to its end', async ({ skip }) => {
    skip(!existsSync(sshd), 'no OpenSSH server (apt-get install openssh-server)')
    skip(process.getuid?.() !== 0, 'the test server needs root to start sessions')
    const remote = `AWB_HOME=${join(folder, 'state')} exec ${process.execPath} ${join(root, 'dist/engine/engine.mjs')} serve`
    const known = ['StrictHostKeyChecking=no', `UserKnownHostsFile=${join(folder, 'known_hosts')}`, 'BatchMode=yes']
    const options = known.flatMap((option) => ['-o', option])
    const target = `${userInfo().username}@127.0.0.1`
    const args = ['-T', '-q', '-F', 'none', '-i', join(folder, 'user'), '-p', String(port), ...options, target, remote]
    const link = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const connection = connect(streamTransport(link.stdout, link.stdin))
    try {
      const hello = await connection.topic(engine).hello({ protocol: PROTOCOL_VERSION })
      expect(hello.protocol).toBe(PROTOCOL_VERSION)
      expect((await connection.topic(facts).get({})).dirs.state).toBe(join(folder, 'state'))

      const client = connection.topic(jobs)
      const id = JobId.parse('over-ssh')
      const title = { en: 'Count', 'zh-CN': '计数' }
      await client.submit({ id, title, run: { kind: 'script', script: 'seq 1 20000\n' } })
      const chunks: Buffer[] = []
      for await (const { data } of client.output({ id, from: 0 })) chunks.push(Buffer.from(data, 'base64'))
      expect(Buffer.concat(chunks).toString()).toBe(execFileSync('seq', ['1', '20000'], { encoding: 'utf8' }))
      expect((await client.get({ id })).state).toBe('succeeded')
    } finally {
      connection[Symbol.dispose]()
      if (link.exitCode === null) await once(link, 'exit')
    }
  })
})

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}

async function reachable(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connectSocket(port, '127.0.0.1')
    const isOpen = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false)
    socket.destroy()
    if (isOpen) return
    await sleep(50)
  }
  throw new Error(`sshd did not open port ${port}`)
}
