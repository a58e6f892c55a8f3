import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contentsService } from '#engine/host/contents-service.ts'
import { diskSpace } from '#engine/host/facts.ts'
import { statFile } from '#engine/host/files.ts'
import { contents } from '#engine/protocol/contents.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import { HostId, LOCAL_HOST } from '#engine/protocol/ids.ts'
import { connect, type Connection } from '#engine/rpc/connect.ts'
import { memoryTransports } from '#engine/rpc/memory.ts'
import '#engine/rpc/node.ts'
import { serve } from '#engine/rpc/serve.ts'
import type { OverwritePolicy, TransferRequest, TransferView } from '#contract/index.ts'
import { systemClock } from '#main/clock.ts'
import type { SshLink } from '#main/links/link.ts'
import { Database } from '#main/store/database.ts'
import { TransfersRepository } from '#main/store/transfers-repository.ts'
import { localBytes } from '#main/transfers/local-bytes.ts'
import type { Side } from '#main/transfers/side.ts'
import { Sides } from '#main/transfers/sides.ts'
import { Staging } from '#main/transfers/staging.ts'
import { TransferService } from '#main/transfers/transfer-service.ts'
import { sequence } from '../fixtures/sequence.ts'
import { until } from '../fixtures/until.ts'
import { TestLinks } from '../hosts/links.ts'
import { BreakableWay } from '../hosts/proxies.ts'
import { noSshd, SshLab, type Sshd } from '../hosts/sshd.ts'

const missing = noSshd()
/** More of them with AWB_TEST_CUTS=50. */
const CUTS = Number(process.env['AWB_TEST_CUTS'] ?? 4)
const HOST = HostId.parse('far')
const when = (look: () => boolean) => until(() => look() || undefined, 'the transfer')
const sha = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')

describe.skipIf(missing !== null)(`transfers over SSH${missing ? ` (${missing})` : ''}`, () => {
  let lab: SshLab
  let server: Sshd
  let way: BreakableWay
  let links: TestLinks
  let link: SshLink
  let sides: Sides
  let engine: Connection
  let service: TransferService
  let staging: Staging
  let database: Database
  let lastId = 0
  let folders = 0

  /** The data take the real way; the engine of both sides is this process, which has the same files. */
  const sideOf = (host: HostId): Side => {
    const engineFiles = {
      ...engine.topic(contents),
      stat: ({ path }: { path: string }) => statFile(path),
      disk: ({ path }: { path: string }) => diskSpace(path),
    }
    const side = sides.of(host)
    const files: Side['files'] = () => {
      if (host !== LOCAL_HOST && link.view.state !== 'ready')
        throw new AppError('engine.unavailable', { host, state: 'x' })
      return Promise.resolve(engineFiles)
    }
    return { ...side, files }
  }

  const randomId = () => `t${++lastId}`
  const stagingOf = () => new Staging(join(lab.folder, 'staging'), randomId)
  const serviceOn = (stages: Staging) => {
    const repository = new TransfersRepository(database)
    return new TransferService({ sideOf, staging: stages, repository, clock: systemClock, log: links.log, randomId })
  }
  /** As when the program is started again: another queue on the same store. */
  const restart = () => {
    service[Symbol.dispose]()
    database[Symbol.dispose]()
    database = new Database(join(lab.folder, 'store', 'workbench.db'))
    staging = stagingOf()
    service = serviceOn(staging)
    service.restore()
  }

  beforeAll(async () => {
    lab = new SshLab()
    const key = lab.key('user')
    server = await lab.start('a')
    server.authorize(key)
    way = await new BreakableWay(server).listen()
    links = new TestLinks({ folder: lab.folder })
    link = links.to('far', way, { auth: ['key'], keys: [key] })
    link.connect()
    await link.ready()
    const [a, b] = memoryTransports()
    serve(a, [contentsService()])
    engine = connect(b)
    const noEngine = () => {
      throw new Error('not asked for here')
    }
    sides = new Sides({ engineOf: noEngine, linkOf: () => link, clock: systemClock })
    staging = stagingOf()
    database = new Database(join(lab.folder, 'store', 'workbench.db'))
    service = serviceOn(staging)
  })

  afterAll(async () => {
    service[Symbol.dispose]()
    sides[Symbol.dispose]()
    engine[Symbol.dispose]()
    links[Symbol.dispose]()
    database[Symbol.dispose]()
    await way[Symbol.asyncDispose]()
    await lab[Symbol.asyncDispose]()
  })

  const freshFolders = (): { from: string; to: string } => {
    const base = join(lab.folder, `case ${++folders}`)
    mkdirSync(join(base, 'from'), { recursive: true })
    return { from: join(base, 'from'), to: join(base, 'to') }
  }
  const view = (id: string): TransferView => service.list().find((one) => one.id === id) as TransferView
  const ended = async (id: string) => {
    await when(() => view(id).endedAt !== undefined)
    return view(id)
  }
  const bring = async (request: Omit<TransferRequest, 'host'>, policy: OverwritePolicy = 'replace') =>
    await ended(await service.start({ host: HOST, ...request, policy }))

  it.each(['upload', 'download'] as const)('%ss a folder with everything in it', async (direction) => {
    const { from, to } = freshFolders()
    mkdirSync(join(from, '模型/deep er'), { recursive: true })
    mkdirSync(join(from, '模型/empty'))
    const content: Record<string, Buffer> = {
      'a.bin': randomBytes(3_000_000),
      "deep er/it's $(x).txt": Buffer.from('hello'),
      nothing: Buffer.alloc(0),
    }
    for (let i = 0; i < 20; i++) content[`deep er/${i}`] = randomBytes(i * 1000)
    for (const [name, data] of Object.entries(content)) writeFileSync(join(from, '模型', name), data)
    chmodSync(join(from, '模型/a.bin'), 0o750)
    const done = await bring({ direction, sources: [join(from, '模型')], target: to })
    expect(done).toMatchObject({ state: 'done', name: '模型', failures: [], active: [] })
    expect(done.files).toEqual({ total: 23, done: 23, skipped: 0, failed: 0 })
    expect(done.bytes.done).toBe(done.bytes.total)
    for (const [name, data] of Object.entries(content)) expect(readFileSync(join(to, '模型', name))).toEqual(data)
    expect(statSync(join(to, '模型/a.bin')).mode & 0o777).toBe(0o750)
    expect(readdirSync(join(to, '模型')).sort()).toEqual(['a.bin', 'deep er', 'empty', 'nothing'])
  })

  it('asks before, and skips, keeps both or replaces as told', async () => {
    const { from, to } = freshFolders()
    writeFileSync(join(from, 'a.txt'), 'new')
    writeFileSync(join(from, 'b.txt'), 'new')
    mkdirSync(to)
    writeFileSync(join(to, 'a.txt'), 'old')
    const request = { direction: 'upload' as const, sources: [join(from, 'a.txt'), join(from, 'b.txt')], target: to }
    expect(await service.check({ host: HOST, ...request }, new AbortController().signal)).toEqual(['a.txt'])
    const skipped = await bring(request, 'skip')
    expect(skipped.files).toEqual({ total: 2, done: 1, skipped: 1, failed: 0 })
    expect(readFileSync(join(to, 'a.txt'), 'utf8')).toBe('old')
    await bring(request, 'keepBoth')
    expect(readFileSync(join(to, 'a (2).txt'), 'utf8')).toBe('new')
    expect(readFileSync(join(to, 'a.txt'), 'utf8')).toBe('old')
    await bring(request, 'replace')
    expect(readFileSync(join(to, 'a.txt'), 'utf8')).toBe('new')
  })

  it('tells which files failed and brings only those when tried again', async () => {
    const { from, to } = freshFolders()
    for (const name of ['a', 'b', 'c']) writeFileSync(join(from, name), name)
    mkdirSync(join(to, 'from/b'), { recursive: true })
    const failed = await bring({ direction: 'download', sources: [from], target: to })
    expect(failed).toMatchObject({ state: 'failed', files: { total: 3, done: 2, failed: 1 } })
    expect(failed.failures).toMatchObject([{ path: join(from, 'b'), error: { code: 'file.exists' } }])
    writeFileSync(join(from, 'a'), 'not looked at again')
    rmdirSync(join(to, 'from/b'))
    service.retry(failed.id)
    await when(() => view(failed.id).state === 'done')
    expect(readFileSync(join(to, 'from/a'), 'utf8')).toBe('a')
    expect(readFileSync(join(to, 'from/b'), 'utf8')).toBe('b')
    await service.clear(failed.id)
    expect(view(failed.id)).toBeUndefined()
  })

  it('takes what the page brought in pieces, and nothing outside of its folder', async () => {
    const { to } = freshFolders()
    const data = randomBytes(1_000_000)
    const stage = await staging.put(undefined, 'dropped/x', 0, data.subarray(0, 600_000).toString('base64'))
    await staging.put(stage, 'dropped/x', 600_000, data.subarray(600_000).toString('base64'))
    await expect(staging.put(stage, 'dropped/x', 5, '')).rejects.toMatchObject({ code: 'input.invalid' })
    for (const path of ['../x', 'a/../../x', '/x', 'a//x', 'a\\x']) {
      await expect(staging.put(stage, path, 0, '')).rejects.toMatchObject({ code: 'transfer.stagePath' })
    }
    await expect(staging.put('../x', 'x', 0, '')).rejects.toMatchObject({ code: 'transfer.stagePath' })
    expect(await bring({ direction: 'upload', sources: [], stage, target: to })).toMatchObject({ state: 'done' })
    expect(readFileSync(join(to, 'dropped/x'))).toEqual(data)
    await when(() => !existsSync(join(lab.folder, 'staging', stage)))
  })

  it('stops when cancelled, and goes on from there when tried again', async () => {
    const { from, to } = freshFolders()
    writeFileSync(join(from, 'big'), randomBytes(24 << 20))
    const id = await service.start({
      host: HOST,
      direction: 'upload',
      sources: [join(from, 'big')],
      target: to,
      policy: 'skip',
    })
    await when(() => view(id).bytes.done > 10 << 20)
    service.cancel(id)
    expect((await ended(id)).state).toBe('cancelled')
    expect(readdirSync(to)).toEqual(['.big.awb-part'])
    service.retry(id)
    let least = Infinity
    const seen = service.onChange((delta) => {
      if (delta.kind === 'changed' && delta.transfer.active.length > 0 && delta.transfer.bytes.done > 0) {
        least = Math.min(least, delta.transfer.bytes.done)
      }
    })
    await when(() => view(id).state === 'done')
    seen[Symbol.dispose]()
    expect(least).toBeGreaterThan(5 << 20)
    expect(sha(join(to, 'big'))).toBe(sha(join(from, 'big')))
    expect(readdirSync(to)).toEqual(['big'])
  })

  it.each(['upload', 'download'] as const)(
    'goes on after a restart of the program, from where it was: %s',
    async (direction) => {
      const { from, to } = freshFolders()
      mkdirSync(join(from, 'model'))
      for (let file = 0; file < 30; file++) writeFileSync(join(from, 'model', `a${file}`), `first ${file}`)
      writeFileSync(join(from, 'model', 'big'), randomBytes(48 << 20))
      mkdirSync(join(to, 'model'), { recursive: true })
      const order = { host: HOST, direction, sources: [join(from, 'model')], target: to, policy: 'keepBoth' as const }
      const id = await service.start(order)
      await when(() => view(id).files.done === 30 && view(id).bytes.done > 12 << 20)
      restart()
      const { state, files, bytes } = view(id)
      expect(['queued', 'scanning']).toContain(state)
      expect(files).toMatchObject({ total: 31, done: 30 })
      expect(bytes.done).toBeGreaterThan(8 << 20)
      // What had arrived is not looked at again, and the name that was free then is not taken for another one.
      for (let file = 0; file < 30; file++) writeFileSync(join(from, 'model', `a${file}`), `other ${file}`)
      let least = Infinity
      using _watching = service.onChange((delta) => {
        if (delta.kind === 'changed' && delta.transfer.active.some(({ bytes: came }) => came > 0)) {
          least = Math.min(least, delta.transfer.bytes.done)
        }
      })
      expect(await ended(id)).toMatchObject({ state: 'done', files: { total: 31, done: 31 }, failures: [] })
      expect(least).toBeGreaterThan(8 << 20)
      expect(readdirSync(to).sort()).toEqual(['model', 'model (2)'])
      expect(sha(join(to, 'model (2)/big'))).toBe(sha(join(from, 'model/big')))
      expect(readFileSync(join(to, 'model (2)/a7'), 'utf8')).toBe('first 7')
      restart()
      expect(service.list()).toEqual([])
    },
  )

  it('keeps what failed, what was cancelled and what the page brought over a restart', async () => {
    const { from, to } = freshFolders()
    writeFileSync(join(from, 'a'), 'a')
    mkdirSync(join(to, 'a'), { recursive: true })
    const failed = await bring({ direction: 'upload', sources: [join(from, 'a')], target: to })
    const stage = await staging.put(undefined, 'dropped', 0, Buffer.from('from the page').toString('base64'))
    const abandoned = await staging.put(undefined, 'not started', 0, '')
    mkdirSync(join(to, 'dropped'))
    const staged = await bring({ direction: 'upload', sources: [], stage, target: to })
    restart()
    expect(service.list()).toMatchObject([
      { id: failed.id, state: 'failed', failures: [{ error: { code: 'file.exists' } }], endedAt: failed.endedAt },
      { id: staged.id, state: 'failed' },
    ])
    await staging.put(undefined, 'another', 0, '')
    expect(existsSync(join(lab.folder, 'staging', abandoned))).toBe(false)
    rmdirSync(join(to, 'dropped'))
    service.retry(staged.id)
    await when(() => view(staged.id).state === 'done')
    expect(readFileSync(join(to, 'dropped'), 'utf8')).toBe('from the page')
    service.cancel(failed.id)
    await service.clear()
    restart()
    expect(service.list()).toEqual([])
  })

  it.each(['upload', 'download'] as const)(
    `loses and doubles no byte over ${CUTS} cuts: %s`,
    async (direction) => {
      const { from, to } = freshFolders()
      const names = ['big', 'other', 'small']
      writeFileSync(join(from, 'big'), randomBytes(CUTS * (5 << 20)))
      writeFileSync(join(from, 'other'), randomBytes(CUTS * (1 << 20) + 13))
      writeFileSync(join(from, 'small'), 'small')
      const random = sequence(direction === 'upload' ? 3 : 4)
      const id = await service.start({
        host: HOST,
        direction,
        sources: names.map((name) => join(from, name)),
        target: to,
        policy: 'replace',
      })
      const states = new Set<string>()
      let cuts = 0
      let nextAt = 0
      const watching = service.onChange((delta) => delta.kind === 'changed' && states.add(delta.transfer.state))
      while (view(id).endedAt === undefined) {
        const { bytes } = view(id)
        if (cuts < CUTS && bytes.done > nextAt && link.view.state === 'ready') {
          // Somewhere within what comes next, not only between two pieces.
          await new Promise((resolve) => setTimeout(resolve, random.next().value * 30))
          // The way, in the middle of a packet, or the far end.
          const how = random.next().value
          if (how < 0.4) way.cut()
          else if (how < 0.7) way.cutAfterBytes = 1 + random.next().value * (direction === 'upload' ? 200 : 100_000)
          else server.killSessions()
          cuts++
          nextAt = bytes.done + (3 + random.next().value * 2) * (1 << 20)
          await when(() => link.view.state !== 'ready' || view(id).endedAt !== undefined)
        }
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      watching[Symbol.dispose]()
      expect(view(id)).toMatchObject({ state: 'done', failures: [] })
      expect(cuts).toBe(CUTS)
      expect(states).toContain('waiting')
      for (const name of names) expect(sha(join(to, name))).toBe(sha(join(from, name)))
      expect(readdirSync(to).sort()).toEqual(names)
    },
    60_000 + CUTS * 5000,
  )

  it('does not go on from a beginning that is another file, nor from one that is longer', async () => {
    for (const direction of ['upload', 'download'] as const) {
      const { from, to } = freshFolders()
      mkdirSync(to)
      writeFileSync(join(from, 'a'), randomBytes(12 << 20))
      writeFileSync(join(from, 'b'), randomBytes(1000))
      writeFileSync(join(to, '.a.awb-part'), randomBytes(10 << 20))
      writeFileSync(join(to, '.b.awb-part'), randomBytes(2000))
      await bring({ direction, sources: [join(from, 'a'), join(from, 'b')], target: to })
      for (const name of ['a', 'b']) expect(sha(join(to, name))).toBe(sha(join(from, name)))
      expect(readdirSync(to)).toEqual(['a', 'b'])
    }
  })

  it('copies on this computer, too', async () => {
    const { from, to } = freshFolders()
    writeFileSync(join(from, 'a'), randomBytes(localBytes.pieceBytes + 1))
    const id = await service.start({
      host: LOCAL_HOST,
      direction: 'upload',
      sources: [from],
      target: to,
      policy: 'skip',
    })
    expect(await ended(id)).toMatchObject({ state: 'done' })
    expect(sha(join(to, 'from/a'))).toBe(sha(join(from, 'a')))
  })
})
