import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HostId, LOCAL_HOST } from '#engine/protocol/ids.ts'
import type { TransferRequest } from '#contract/index.ts'
import { Engine } from '#main/engines/engine.ts'
import { LocalEngineLink } from '#main/engines/local-link.ts'
import { SshEngineLink } from '#main/engines/ssh-link.ts'
import { Database } from '#main/store/database.ts'
import { TransfersRepository } from '#main/store/transfers-repository.ts'
import { Sides } from '#main/transfers/sides.ts'
import { Staging } from '#main/transfers/staging.ts'
import { TransferService } from '#main/transfers/transfer-service.ts'
import { TestLinks } from '../../hosts/links.ts'
import type { Pair } from './connecting.ts'
import { mebibytes, printTable, quantile, timed } from './report.ts'

const bundle = fileURLToPath(new URL('../../../dist/engine/engine.mjs', import.meta.url))
const LARGE_BYTES = [1 << 30, 256 << 20, 64 << 20]
const SMALL_FILES = 2000
const MEMORY = '/dev/shm'
const RUNS = 3

/** Uploads and downloads against OpenSSH's `sftp`, the same files over the same server, in turn. */
export async function transferring(pair: Pair): Promise<void> {
  const [place, largeBytes] = roomyPlace()
  const folder = mkdtempSync(join(place, 'awb-bench-'))
  try {
    await using workbench = await startTransfers(pair, folder)
    const large = makeLarge(folder, largeBytes)
    const small = makeSmall(folder)
    const rows: string[][] = []
    for (const [name, { path, bytes, files }] of Object.entries({ large, small })) {
      for (const direction of ['upload', 'download'] as const) {
        const sftp: number[] = []
        const ours: number[] = []
        for (let run = 0; run < RUNS; run++) {
          sftp.push(await into(folder, (target) => timed(() => runSftp(pair, direction, path, target))))
          ours.push(await into(folder, (target) => timed(() => workbench.bring(direction, path, target))))
        }
        const [theirs, mine] = [quantile(sftp), quantile(ours)]
        const rate = (ms: number) => (bytes / 1e6 / (ms / 1000)).toFixed(0)
        const perSecond = (ms: number) => (files === 1 ? '' : ((files * 1000) / ms).toFixed(0))
        const what = files === 1 ? `one file of ${mebibytes(bytes)} MiB` : `${files} files, ${mebibytes(bytes)} MiB`
        rows.push([
          `${direction}, ${what}`,
          rate(theirs),
          rate(mine),
          (theirs / mine).toFixed(2),
          perSecond(theirs),
          perSecond(mine),
        ])
      }
      if (name === 'large') rmSync(path)
    }
    const where = place === MEMORY ? 'Both sides lie in memory, so that no disk counts.' : `Both sides lie in ${place}.`
    const head = ['what', 'sftp MB/s', 'workbench MB/s', '× sftp', 'sftp files/s', 'workbench files/s']
    printTable('Transfers', head, rows)
    console.log(`\n${where} The workbench also compares the SHA-256 of both sides and waits for the disk.`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Where there is room for four copies: memory, else the disk; and the size that fits. */
function roomyPlace(): [string, number] {
  const places = [MEMORY, tmpdir()].filter((place) => existsSync(place))
  for (const bytes of LARGE_BYTES) {
    for (const place of places) {
      const { bavail, bsize } = statfsSync(place)
      if (bavail * bsize > 4 * bytes) return [place, bytes]
    }
  }
  throw new Error(`less than ${mebibytes(4 * (LARGE_BYTES.at(-1) ?? 0))} MiB free in ${places.join(' and ')}`)
}

interface Sample {
  readonly path: string
  readonly bytes: number
  readonly files: number
}

function makeLarge(folder: string, bytes: number): Sample {
  const path = join(folder, 'large')
  const piece = randomFillSync(Buffer.allocUnsafe(1 << 20))
  const file = openSync(path, 'w')
  for (let at = 0; at < bytes; at += piece.length) {
    piece.writeDoubleLE(at, 0)
    writeSync(file, piece)
  }
  closeSync(file)
  return { path, bytes, files: 1 }
}

/** Of 100 bytes to 32 KB, as code and settings have. */
function makeSmall(folder: string): Sample {
  const path = join(folder, 'small')
  const noise = randomFillSync(Buffer.allocUnsafe(1 << 16))
  let bytes = 0
  for (let file = 0; file < SMALL_FILES; file++) {
    const below = join(path, String(file % 20))
    mkdirSync(below, { recursive: true })
    const size = 100 + ((file * 7919) % 32_000)
    writeFileSync(join(below, `file-${file}`), noise.subarray(file, file + size))
    bytes += size
  }
  return { path, bytes, files: SMALL_FILES }
}

/** Gives a new folder as the target, and removes it. */
async function into<T>(folder: string, work: (target: string) => Promise<T>): Promise<T> {
  const target = mkdtempSync(join(folder, 'target-'))
  try {
    return await work(target)
  } finally {
    rmSync(target, { recursive: true })
  }
}

function runSftp({ config }: Pair, direction: TransferRequest['direction'], path: string, target: string): void {
  const word = direction === 'upload' ? 'put' : 'get'
  const input = `${word} -r ${path} ${target}/\n`
  execFileSync('sftp', ['-q', '-F', config, '-b', '-', 'direct'], { input, stdio: ['pipe', 'ignore', 'inherit'] })
}

/** The queue of transfers as main has it, with an engine at each end. */
async function startTransfers({ lab, key, server }: Pair, folder: string) {
  const stack = new AsyncDisposableStack()
  const links = stack.use(new TestLinks({ folder: lab.folder }))
  const host = HostId.parse('server')
  const link = links.to(host, server, { user: 'root', auth: ['key'], keys: [key] })
  link.connect()
  const { log, clock } = links
  const env = { AWB_HOME: join(folder, 'state') }
  const command = { argv: [process.execPath, bundle, 'serve'], env }
  const far = stack.use(new Engine(host, new SshEngineLink(link, () => Promise.resolve(command), log), clock, log))
  const near = stack.use(
    new Engine(LOCAL_HOST, new LocalEngineLink({ program: process.execPath, bundle, env }, log), clock, log),
  )
  for (const engine of [far, near]) {
    engine.start()
    await engine.ready()
  }
  const sides = stack.use(new Sides({ engineOf: (id) => (id === LOCAL_HOST ? near : far), linkOf: () => link, clock }))
  let lastId = 0
  const randomId = () => `transfer-${++lastId}`
  const staging = new Staging(join(folder, 'staging'), randomId)
  const repository = new TransfersRepository(stack.use(new Database(join(folder, 'store.db'))))
  const sideOf = (id: HostId) => sides.of(id)
  const service = stack.use(new TransferService({ sideOf, staging, repository, clock, log, randomId }))
  const bring = async (direction: TransferRequest['direction'], path: string, target: string): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    using _listening = service.onChange((delta) => {
      if (delta.kind !== 'changed' || delta.transfer.target !== target) return
      if (delta.transfer.endedAt !== undefined) resolve(undefined)
    })
    const id = await service.start({ host, direction, sources: [path], target, policy: 'replace' })
    await promise
    const view = service.list().find((one) => one.id === id)
    if (view?.state !== 'done') throw new Error(`${direction}: ${JSON.stringify(view?.error ?? view?.failures[0])}`)
  }
  return { bring, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
