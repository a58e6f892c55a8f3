import { dirname, join } from 'node:path'
import { type HostId, LOCAL_HOST } from '#engine/protocol/ids.ts'
import type { Service } from '#engine/rpc/serve.ts'
import type { AppInfo } from '#contract/index.ts'
import { ArtifactService } from './artifacts/artifact-service.ts'
import { ChatService } from './chats/chat-service.ts'
import { bootstrapHosts } from './bootstrap-hosts.ts'
import { appTopic } from './contract/app.ts'
import { artifactsTopic, datasetsTopic } from './contract/artifacts.ts'
import { chatsTopic } from './contract/chats.ts'
import { familiesTopic, pluginsTopic } from './contract/families.ts'
import { filesTopic } from './contract/files.ts'
import { forwardsTopic } from './contract/forwards.ts'
import { deployTopic } from './contract/deploy.ts'
import { doctorTopic } from './contract/doctor.ts'
import { enginesTopic, hostsTopic } from './contract/hosts.ts'
import { npusTopic } from './contract/npus.ts'
import { plansTopic, runsTopic } from './contract/runs.ts'
import { questionsTopic, vaultTopic } from './contract/questions.ts'
import { rankTablesTopic } from './contract/rank-tables.ts'
import { settingsTopic } from './contract/settings.ts'
import { snippetsTopic } from './contract/snippets.ts'
import { contentsTopic, transfersTopic } from './contract/transfers.ts'
import { terminalsTopic } from './contract/terminals.ts'
import { Engine } from './engines/engine.ts'
import { LocalEngineLink } from './engines/local-link.ts'
import { EnginePool } from './engines/pool.ts'
import type { AppEnv } from './env.ts'
import { FamilySender } from './families/family-sender.ts'
import { ForwardService } from './forwards/forward-service.ts'
import { FolderOpener } from './files/folder-opener.ts'
import { HostService } from './hosts/host-service.ts'
import { JobMirror } from './hosts/job-mirror.ts'
import { LogFile } from './log/log-file.ts'
import { Log } from './log/log.ts'
import { NpuBoard } from './monitor/npu-board.ts'
import { relayOrigins } from './relay/allowed.ts'
import { Relay } from './relay/relay.ts'
import { JournalCollector } from './runs/journal-collector.ts'
import { PlanService } from './runs/plan-service.ts'
import { RunBook } from './runs/run-book.ts'
import { restartHost } from './runs/restart-host.ts'
import { RunDriver } from './runs/run-driver.ts'
import { RunService } from './runs/run-service.ts'
import { Scope } from './scope.ts'
import type { SecretStore } from './secrets/secret-store.ts'
import { SettingsService } from './settings/settings-service.ts'
import { ArtifactsRepository } from './store/artifacts-repository.ts'
import { ChatsRepository } from './store/chats-repository.ts'
import { Database } from './store/database.ts'
import { ForwardsRepository } from './store/forwards-repository.ts'
import { HostsRepository } from './store/hosts-repository.ts'
import { JournalsRepository } from './store/journals-repository.ts'
import { NpuPointsRepository } from './store/npu-points-repository.ts'
import { NpuTakeoverRepository } from './store/npu-takeover-repository.ts'
import { RunsRepository } from './store/runs-repository.ts'
import { SettingsRepository } from './store/settings-repository.ts'
import { TransfersRepository } from './store/transfers-repository.ts'
import { SnippetBook } from './terminals/snippet-book.ts'
import { Sides } from './transfers/sides.ts'
import { Staging } from './transfers/staging.ts'
import { TransferService } from './transfers/transfer-service.ts'

/** The running program below its shell. Disposing it stops the engines; jobs go on. */
export interface App extends Disposable {
  /** What the page may ask, to be served on each connection of a page. */
  readonly services: readonly Service[]
  readonly log: Log
  readonly secrets: SecretStore
  /** Place and size of the desktop app's window, opaque here. */
  readonly windowState: { load(): unknown; save(state: unknown): void }
  /** To be called before an orderly end: stops what runs, unless the user lets jobs go on. */
  stopJobsUnlessKept(): Promise<void>
}

/** The only place where services are constructed. */
export function bootstrap(env: AppEnv): App {
  const { clock } = env
  const logFile = new LogFile(join(env.dataDir, 'workbench.log'))
  const log = new Log(clock, logFile)
  const scope = new Scope('app', (error, name) => log.error('dispose.failed', { name, error }))
  scope.add(logFile)
  log.info('app.start', { version: env.version, shell: env.shell, pid: process.pid })

  const now = () => clock.now()
  const database = scope.add(new Database(join(env.dataDir, 'workbench.db')))
  const settingsRepository = new SettingsRepository(database)
  const settings = new SettingsService(settingsRepository)
  const hostsRepository = new HostsRepository(database)

  const local = new Engine(LOCAL_HOST, new LocalEngineLink(env.engine, log), clock, log)
  const engines = scope.add(new EnginePool([local]))
  const mirror = scope.add(new JobMirror(clock, log))
  const hosts = scope.add(new HostService(hostsRepository, engines, mirror, clock, log))
  const {
    book: hostBook,
    deployer,
    links,
    sshHosts,
    sshConfig,
    questions,
    door,
    secrets,
  } = bootstrapHosts(env, hostsRepository, engines, scope, log)
  const { randomId } = env
  const forwards = scope.add(
    new ForwardService({ repository: new ForwardsRepository(database), book: hostBook, links, clock, randomId }),
  )
  const npuPoints = new NpuPointsRepository(database)
  const npuTakeovers = new NpuTakeoverRepository(database, npuPoints)
  const npuBoard = scope.add(new NpuBoard(npuPoints, npuTakeovers, clock, log))
  const families = scope.add(env.createFamilies(settings, log))
  const familySender = scope.add(new FamilySender(families, log))

  const artifacts = new ArtifactService(new ArtifactsRepository(database), engines, now, log)
  const journals = new JournalsRepository(database)
  const collector = scope.add(new JournalCollector(database, journals, engines, log))
  const book = scope.add(new RunBook(new RunsRepository(database), artifacts, mirror, clock))
  const driver = scope.add(new RunDriver({ book, mirror, engines, hosts, collector, clock, log }))
  const plans = new PlanService(families, hosts, engines)
  const runs = new RunService({
    book,
    driver,
    plans,
    engines,
    mirror,
    collector,
    journals,
    clock,
    restartHost: (host) => restartHost(links.of(host)),
    randomId,
  })
  const chats = new ChatService(new ChatsRepository(database), engines, clock, randomId)

  collector.onArtifact(({ host, run }, { artifact, t }) => {
    const values = book.find(run)?.request.values ?? {}
    const createdAt = Date.parse(t)
    artifacts.register({ ...artifact, passport: artifact.passport ?? null, host, run, createdAt }, values)
  })
  const info: AppInfo = {
    version: env.version,
    shell: env.shell,
    platform: env.platform,
    dataDir: env.dataDir,
    logFile: logFile.path,
    systemLocale: env.systemLocale,
  }
  const opener = new FolderOpener(env.showFolder, async () => {
    const { dirs } = await hosts.recentFacts(LOCAL_HOST)
    const made = artifacts.list().filter(({ host }) => host === LOCAL_HOST)
    return [
      env.dataDir,
      dirs.state,
      dirs.workspace,
      ...made.map(({ kind, path }) => (kind === 'dataset' ? dirname(path) : path)),
    ]
  })

  const mayAsk = (host: HostId, url: URL) =>
    book.openOn(host).some(({ plan }) => relayOrigins(plan).includes(url.origin))
  const relay = scope.add(new Relay(mayAsk, log))

  const sides = scope.add(new Sides({ engineOf: (id) => engines.of(id), linkOf: (id) => links.of(id), clock }))
  const staging = new Staging(join(env.dataDir, 'staging'), randomId)
  const sideOf = (host: HostId) => sides.of(host)
  const repository = new TransfersRepository(database)
  const transfers = scope.add(new TransferService({ sideOf, staging, repository, clock, log, randomId }))

  hosts.start(sshHosts)
  book.start()
  driver.start()
  engines.each((engine) => {
    mirror.follow(engine)
    npuBoard.follow(engine)
    relay.follow(engine)
    familySender.follow(engine)
  })
  engines.onRemoved((host) => {
    mirror.forget(host)
    familySender.forget(host)
  })
  engines.start()
  forwards.start()
  sshHosts.start()
  transfers.restore()
  families.start().catch((error: unknown) => log.error('plugins.startFailed', { error }))

  const services = [
    appTopic(info, opener, log),
    artifactsTopic(artifacts, engines, log),
    chatsTopic(chats),
    contentsTopic(engines),
    datasetsTopic(engines),
    deployTopic({
      ...{ deployer, links, engines },
      placeEngine: (host, container) => sshHosts.placeEngine(host, container),
      runningJobs: (host) => hosts.runningJobs(host),
    }),
    doctorTopic(engines, clock),
    enginesTopic(engines),
    familiesTopic(families),
    filesTopic(engines),
    forwardsTopic(forwards),
    hostsTopic({
      hosts,
      sshHosts,
      sshConfig,
      activeRun: (host) => book.openOn(host)[0]?.number,
    }),
    npusTopic(npuBoard),
    plansTopic(plans),
    pluginsTopic(families),
    questionsTopic(questions),
    rankTablesTopic(engines),
    runsTopic(runs, book),
    settingsTopic(settings, settingsRepository),
    snippetsTopic(new SnippetBook(settingsRepository, randomId)),
    terminalsTopic(engines),
    transfersTopic(transfers, staging),
    vaultTopic(door),
  ]
  return {
    services,
    log,
    secrets,
    windowState: settings.windowState,
    stopJobsUnlessKept: async () => {
      if (!settings.get().keepJobsOnExit) await runs.stopAll()
    },
    [Symbol.dispose]: () => scope[Symbol.dispose](),
  }
}
