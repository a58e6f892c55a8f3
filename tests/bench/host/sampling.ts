import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { npus } from '#engine/protocol/npus.ts'
import type { NpuSample } from '#engine/protocol/npus.ts'
import { Deployer } from '#main/deploy/deployer.ts'
import { Engine } from '#main/engines/engine.ts'
import { SshEngineLink, type ResolveRemoteEngine } from '#main/engines/ssh-link.ts'
import type { SshLink } from '#main/links/link.ts'
import { until } from '../../fixtures/until.ts'
import { TestLinks } from '../../hosts/links.ts'
import { Machine } from '../../hosts/machine/machine.ts'
import { releases, writeDriverPackage } from '../../hosts/machine/packages.ts'
import type { SshLab } from '../../hosts/sshd.ts'
import { cpuMs } from './processes.ts'
import { printTable, quantile } from './report.ts'

const bundle = fileURLToPath(new URL('../../../dist/engine/engine.mjs', import.meta.url))
const PASSWORD = 'bench'
const PID_FILE = '/tmp/engine-pid'
const SAMPLES = 12

/** What one look at eight NPUs costs a make-believe server, its `npu-smi` (Python) apart from the engine. */
export async function sampling(lab: SshLab): Promise<void> {
  const driver = writeDriverPackage(lab.folder, releases.driver)
  const node = process.execPath
  await using machine = await Machine.start({
    name: 'npu',
    address: '127.0.0.31',
    password: PASSWORD,
    chips: 8,
    install: [driver],
    node,
  })
  using links = new TestLinks({
    folder: lab.folder,
    answer: ({ kind }) => ({ texts: kind === 'hostKey' ? [] : [PASSWORD], remember: false }),
  })
  const link = links.to('npu', machine, { user: 'root', auth: ['password'] })
  link.connect()
  await link.ready()
  using engine = new Engine(
    link.host,
    new SshEngineLink(link, resolveWithPid(lab, links), links.log),
    links.clock,
    links.log,
  )
  engine.start()
  const samples: NpuSample[] = []
  using _watching = (await engine.client(npus)).watch(
    { periodMs: 1000 },
    { snapshot: () => undefined, delta: ({ sample }) => samples.push(sample), error: (error) => console.error(error) },
  )
  const reached = (count: number) => until(() => samples.length >= count || undefined, `${count} samples`)
  // The first ones pay for the warming up of the engine.
  await reached(3)
  const [before, from] = [await cpuThere(link), samples.length]
  await reached(from + SAMPLES)
  const [after, taken] = [await cpuThere(link), samples.length - from]
  const chips = samples.at(-1)?.table?.npus.length ?? 0
  if (chips !== 8) throw new Error(`${chips} chips in the table: ${JSON.stringify(samples.at(-1)?.problem)}`)
  const each = (part: 'own' | 'children') => `${((after[part] - before[part]) / taken).toFixed(1)} ms`
  printTable(
    'One sample of 8 NPUs',
    ['what', 'figure'],
    [
      ['processor time of the engine', each('own')],
      ['processor time of the stand-in for npu-smi (Python)', each('children')],
      ['time until npu-smi has ended', `${quantile(samples.slice(from).map(({ tookMs }) => tookMs)).toFixed(0)} ms`],
    ],
  )
}

/** Brings the engine as always; it writes its process id down before it starts. */
function resolveWithPid(lab: SshLab, links: TestLinks): ResolveRemoteEngine {
  const program = Buffer.from('#!/bin/sh\nexec /opt/node "$@"\n')
  const path = join(lab.folder, 'runtime.gz')
  writeFileSync(path, gzipSync(program))
  const sha256 = createHash('sha256').update(program).digest('hex')
  const runtimes = { get: () => Promise.resolve({ name: `node-24.21.0-linux-${process.arch}`, path, sha256 }) }
  const deployer = new Deployer({ version: '1.0.0', bundle, runtimes, log: links.log })
  return async (link, signal) => {
    const { argv, env } = await deployer.resolve(link, signal)
    return { argv: ['sh', '-c', `echo $$ > ${PID_FILE}; exec "$@"`, 'sh', ...argv], ...(env ? { env } : {}) }
  }
}

async function cpuThere(link: SshLink) {
  const { stdout } = await link.run(['sh', '-c', `cat /proc/$(cat ${PID_FILE})/stat`])
  return cpuMs(stdout.toString())
}
