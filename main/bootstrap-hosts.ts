import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { Deployer } from './deploy/deployer.ts'
import { registryUrl } from './deploy/registry.ts'
import { RUNTIME_VERSION, RuntimeSource } from './deploy/runtime-source.ts'
import type { AppEnv } from './env.ts'
import { Engine } from './engines/engine.ts'
import type { EnginePool } from './engines/pool.ts'
import { SshEngineLink } from './engines/ssh-link.ts'
import { HostBook } from './hosts/host-book.ts'
import { SshConfigImport } from './hosts/ssh-config/import.ts'
import { SshHosts } from './hosts/ssh-hosts.ts'
import { Credentials } from './links/credentials.ts'
import { Dialer } from './links/dialer.ts'
import { HostKeyStore } from './links/host-key-store.ts'
import { LinkPool } from './links/link-pool.ts'
import { watchNetwork } from './links/network-watch.ts'
import { Questions } from './links/questions.ts'
import type { Log } from './log/log.ts'
import type { Scope } from './scope.ts'
import { SecretStore } from './secrets/secret-store.ts'
import { systemOrVault } from './secrets/system-or-vault.ts'
import { Vault } from './secrets/vault.ts'
import { VaultDoor } from './secrets/vault-door.ts'
import type { HostsRepository } from './store/hosts-repository.ts'

/** What hosts other than this computer need, constructed for `bootstrap`. */
export function bootstrapHosts(env: AppEnv, repository: HostsRepository, engines: EnginePool, scope: Scope, log: Log) {
  const { clock, dataDir } = env
  const home = homedir()
  const vault = new Vault(join(dataDir, 'vault.json'))
  const secrets = new SecretStore(systemOrVault(env.keychain, vault), join(dataDir, 'secrets.json'))
  const questions = new Questions(clock, env.randomId)
  const door = new VaultDoor(env.keychain, vault, questions)
  const credentials = new Credentials(secrets, log)
  const hostKeys = new HostKeyStore(join(dataDir, 'known_hosts'), [
    join(home, '.ssh', 'known_hosts'),
    join(home, '.ssh', 'known_hosts2'),
    '/etc/ssh/ssh_known_hosts',
  ])
  const dialer = new Dialer({
    hostKeys,
    credentials,
    questions,
    clock,
    sessionAgent: () => process.env['SSH_AUTH_SOCK'] ?? (process.platform === 'win32' ? 'pageant' : undefined),
    home,
    unlockVault: (signal) => door.unlock(signal),
  })
  const book = new HostBook(repository)
  const runtimes = new RuntimeSource({
    cacheDir: join(dataDir, 'runtimes'),
    version: RUNTIME_VERSION,
    registry: () => registryUrl(process.env, home),
    archive: process.env['AWB_NODE_ARCHIVE'],
  })
  const deployer = new Deployer({ version: env.version, bundle: env.engine.bundle, runtimes, log })
  const remoteEngine = env.remoteEngine ?? deployer.resolve
  const links = scope.add(new LinkPool((id) => book.targetOf(id), { dialer, clock, log }))
  scope.add(
    watchNetwork(clock, () => {
      log.info('network.changed')
      links.check().catch((error: unknown) => log.warn('links.checkFailed', { error }))
    }),
  )
  const sshHosts = scope.add(
    new SshHosts({
      book,
      links,
      engines,
      hostKeys,
      credentials,
      createEngine: (host) => new Engine(host, new SshEngineLink(links.of(host), remoteEngine, log), clock, log),
      log,
    }),
  )
  const sshConfig = new SshConfigImport(book, sshHosts, home, userInfo().username)
  return { book, deployer, links, sshHosts, sshConfig, questions, door, secrets }
}
