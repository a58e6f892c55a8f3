import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HostId } from '#engine/protocol/ids.ts'
import type { SshLink } from '#main/links/link.ts'
import { until } from '../../fixtures/until.ts'
import { TestLinks } from '../../hosts/links.ts'
import type { SshLab, Sshd } from '../../hosts/sshd.ts'
import { printTable, quantile, timed, times } from './report.ts'

/** Two servers, the second one behind the first, and a configuration of OpenSSH's own client for them. */
export interface Pair {
  readonly lab: SshLab
  readonly key: string
  readonly gate: Sshd
  readonly server: Sshd
  /** For `ssh -F` and `sftp -F`: the hosts `direct` and `behind`. */
  readonly config: string
}

export async function startPair(lab: SshLab): Promise<Pair> {
  const key = lab.key('bench')
  const [gate, server] = await Promise.all([lab.start('gate', { address: '127.0.0.30' }), lab.start('server')])
  for (const one of [gate, server]) one.authorize(key)
  const config = join(lab.folder, 'ssh_config')
  const hosts = [
    ['gate', gate],
    ['direct', server],
    ['behind', server],
  ] as const
  const entries = hosts.map(([name, { address, port }]) => `Host ${name}\n  HostName ${address}\n  Port ${port}`)
  const options = `  IdentityFile ${key}\n  IdentitiesOnly yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR`
  writeFileSync(config, `${entries.join('\n')}\n  ProxyJump gate\nHost *\n  User root\n${options}\n`)
  return { lab, key, gate, server, config }
}

const CONNECTIONS = 15
const PEER_RUNS = 5
const COMMANDS = 100

/** From nothing to a link that carries commands, and what one command takes there. */
export async function connecting({ lab, key, gate, server, config }: Pair): Promise<void> {
  using links = new TestLinks({ folder: lab.folder })
  const settings = { user: 'root', auth: ['key' as const], keys: [key] }
  const jump = links.to('gate', gate, settings)
  const direct = links.to('direct', server, settings)
  const behind = links.to('behind', server, { ...settings, jump: HostId.parse('gate') })
  const rows: string[][] = []
  for (const link of [direct, behind]) {
    const toReady = await times(CONNECTIONS, () => timeToReady(link, jump))
    const peer = await times(PEER_RUNS, () => timed(() => execFileSync('ssh', ['-F', config, link.host, 'true'])))
    link.connect()
    await link.ready()
    const commands = await times(COMMANDS, () => timed(() => link.run(['true'])))
    link.disconnect()
    const figures = [
      quantile(toReady),
      quantile(toReady, 0.9),
      quantile(peer),
      quantile(commands),
      quantile(commands, 0.9),
    ]
    rows.push([link === direct ? 'direct' : 'through a jump host', ...figures.map((ms) => ms.toFixed(1))])
  }
  const head = ['way', 'to ready ms', '9 of 10 ms', 'ssh … true ms', 'exec round trip ms', '9 of 10 ms']
  printTable('Connecting', head, rows)
}

async function timeToReady(link: SshLink, jump: SshLink): Promise<number> {
  const ms = await timed(async () => {
    link.connect()
    await link.ready()
  })
  link.disconnect()
  const isIdle = () => (link.view.state === 'idle' && jump.view.state === 'idle') || undefined
  await until(isIdle, 'the end of the links')
  return ms
}
