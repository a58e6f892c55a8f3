import { contentsService } from './host/contents-service.ts'
import { diskSpace, hostFacts } from './host/facts.ts'
import { expandPath, jobsDir } from './host/dirs.ts'
import { listFolder, readPiece, statFile } from './host/files.ts'
import { JobStore } from './jobs/job-store.ts'
import { JobWatch } from './jobs/job-watch.ts'
import { jobService } from './jobs/service.ts'
import { RelayDoor } from './hub/relay-door.ts'
import { readEcc } from './host/npus/ecc.ts'
import { NpuMonitor } from './host/npus/monitor.ts'
import { NpuRecording } from './host/npus/records/recording.ts'
import { sampleNpus } from './host/npus/sample.ts'
import { chat } from './protocol/chat.ts'
import { checkpoints } from './protocol/checkpoints.ts'
import { datasets } from './protocol/datasets.ts'
import { familyDefinitions } from './protocol/families.ts'
import { doctor } from './protocol/doctor.ts'
import { engine, facts, files, PROTOCOL_VERSION } from './protocol/host.ts'
import { npus } from './protocol/npus.ts'
import { rankTables } from './protocol/rank-tables.ts'
import { relay } from './protocol/relay.ts'
import { implement, serve, type Service } from './rpc/serve.ts'
import type { MessageTransport } from './rpc/transport.ts'
import { terminalService } from './terminals/service.ts'
import { version } from './version.ts'

/** What this engine can do beyond the first protocol; an older main ignores the names that it does not know. */
const FEATURES = [
  'jobs',
  'files',
  'contents',
  'checkpoints',
  'datasets',
  'chat',
  'families',
  'npus',
  'doctor',
  'rankTables',
  'npuRecords',
  'relay',
  'terminals',
]

/**
 * Serves every topic of the engine over one transport, until it closes. Heavy parts are loaded by the first call that
 * needs them. Disposing leaves the jobs alone.
 */
export function serveEngine(transport: MessageTransport): Disposable {
  const store = new JobStore(jobsDir())
  const watch = new JobWatch(store)
  watch.start()
  const monitor = new NpuMonitor(sampleNpus, readEcc)
  const recording = new NpuRecording(store, watch)
  recording.start()
  const terminals = terminalService()
  const npuService = implement(npus, { watch: ({ periodMs }) => monitor.watch(periodMs) })
  const served = serve(transport, [
    ...hostServices,
    ...dataServices,
    jobService(store, watch),
    npuService,
    recording.service,
    implement(relay, new RelayDoor().handlers),
    terminals,
  ])
  return {
    [Symbol.dispose]: () => {
      served[Symbol.dispose]()
      watch[Symbol.dispose]()
      monitor[Symbol.dispose]()
      recording[Symbol.dispose]()
      terminals[Symbol.dispose]()
    },
  }
}

const hostServices: Service[] = [
  implement(engine, {
    hello: () => ({ protocol: PROTOCOL_VERSION, version, pid: process.pid, features: FEATURES, now: Date.now() }),
  }),
  implement(facts, { get: () => hostFacts() }),
  implement(doctor, {
    check: async ({ container }, { signal }) =>
      (await import('./host/doctor/doctor.ts')).examineHost(container, signal),
    containers: async (_, { signal }) => (await import('./host/doctor/doctor.ts')).runningContainers(signal),
  }),
  implement(rankTables, {
    survey: async () => (await import('./launch/rank-table/survey.ts')).surveyRankTable(),
    compose: async (request) => (await import('./launch/rank-table/compose.ts')).composeRankTables(request),
  }),
  implement(files, {
    stat: ({ path }) => statFile(path),
    list: ({ path }) => listFolder(path),
    read: ({ path, offset, bytes }) => readPiece(path, offset, bytes),
    disk: ({ path }) => diskSpace(expandPath(path)),
  }),
  contentsService(),
]

const dataServices: Service[] = [
  implement(checkpoints, {
    summary: async ({ path }) => (await import('./checkpoint/inspect.ts')).summarizeCheckpoint(expandPath(path)),
    inspect: async ({ path }) => (await import('./checkpoint/inspect.ts')).inspectCheckpoint(expandPath(path)),
    statistics: async ({ path, ...wanted }, { signal }) =>
      (await import('./checkpoint/inspect.ts')).storedStatistics(expandPath(path), { ...wanted, signal }),
  }),
  implement(familyDefinitions, {
    list: async () => (await import('./checkpoint/layouts/families/installed.ts')).listFamilies(),
    set: async ({ definitions }) =>
      (await import('./checkpoint/layouts/families/installed.ts')).setPluginFamilies(definitions),
  }),
  implement(datasets, {
    columns: async ({ input }) => (await import('./dataset/columns.ts')).datasetColumns({ input: expandPath(input) }),
    preview: async (input, { signal }) => {
      const { previewDataset } = await import('./dataset/preview.ts')
      const { outputPrefix } = input
      const paths = { input: expandPath(input.input), tokenizer: expandPath(input.tokenizer) }
      const output = outputPrefix === undefined ? {} : { outputPrefix: expandPath(outputPrefix) }
      return previewDataset({ ...input, ...paths, ...output }, signal)
    },
    previewRecords: async (input, { signal }) => {
      const { previewRecords } = await import('./dataset/mindformers/preview.ts')
      const { merges, output } = input
      const paths = { input: expandPath(input.input), tokenizer: expandPath(input.tokenizer) }
      const more = {
        ...(merges === undefined ? {} : { merges: expandPath(merges) }),
        ...(output === undefined ? {} : { output: expandPath(output) }),
      }
      return previewRecords({ ...input, ...paths, ...more }, signal)
    },
    inspect: async ({ prefix, sample }) =>
      (await import('./dataset/inspect.ts')).inspectDataset({ prefix: expandPath(prefix), sample }),
    rejected: async ({ prefix, ...rest }, { signal }) =>
      (await import('./dataset/rejected-page.ts')).readRejected({ ...rest, prefix: expandPath(prefix) }, signal),
  }),
  implement(chat, {
    generate: async (input, sink, { signal }) => {
      const { generateChat } = await import('./reference/chat.ts')
      const located = { ...input, checkpoint: expandPath(input.checkpoint) }
      await generateChat(located, (event) => sink.push(event), signal)
    },
  }),
]
