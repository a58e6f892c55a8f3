import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { contentsService } from '#engine/host/contents-service.ts'
import { statFile } from '#engine/host/files.ts'
import { AppError } from '#engine/protocol/errors/index.ts'
import { HostId } from '#engine/protocol/ids.ts'
import { contents } from '#engine/protocol/contents.ts'
import { files } from '#engine/protocol/host.ts'
import { connect, type Connection } from '#engine/rpc/connect.ts'
import { memoryTransports } from '#engine/rpc/memory.ts'
import '#engine/rpc/node.ts'
import { serve } from '#engine/rpc/serve.ts'
import { distribute } from '#main/rank-tables/distribute.ts'

const ONE = HostId.parse('npu-01')
const TWO = HostId.parse('npu-02')
const OFF = HostId.parse('npu-03')
const PATH = '/tables/hccl_2s_16p.json'
const TEXT = '{"version": "1.0"}'
const sha = (text: string) => createHash('sha256').update(text).digest('hex')

let folder: string
let links: Disposable[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-tables-'))
  links = []
})
afterEach(() => {
  for (const link of links) link[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

const at = (host: HostId, path = PATH): string => join(folder, host, path)
const put = (host: HostId, text: string): void => {
  mkdirSync(dirname(at(host)), { recursive: true })
  writeFileSync(at(host), text)
}
const read = (host: HostId): string => readFileSync(at(host), 'utf8')

/** The real service of each host, below a folder of its own. */
function connectionOf(host: HostId): Connection {
  const [near, far] = memoryTransports()
  links.push(serve(far, [contentsService()]))
  const connection = connect(near)
  links.push(connection)
  const real = connection.topic(contents)
  const here = <I extends { path: string }>(input: I): I => ({ ...input, path: at(host, input.path) })
  const topics = new Map<unknown, unknown>([
    [files, { stat: ({ path }: { path: string }) => statFile(at(host, path)) }],
    [
      contents,
      {
        digest: (input: { path: string; from: number }) => real.digest(here(input)),
        makeFolder: (input: { path: string }) => real.makeFolder(here(input)),
        writeText: (input: { path: string; text: string; expected: string | null }) => real.writeText(here(input)),
      },
    ],
  ])
  return { topic: (wanted: unknown) => topics.get(wanted) } as unknown as Connection
}

const reach = async (host: HostId): Promise<Connection> => {
  if (host === OFF) throw new AppError('engine.unavailable', { host, state: 'stopped' })
  return connectionOf(host)
}
const send = (hosts: HostId[], replace: Record<string, string> = {}) =>
  distribute({ hosts, path: PATH, text: TEXT, replace }, reach)

describe('distributing a rank table', () => {
  it('puts it on all hosts, making the folder', async () => {
    const { isDone, places } = await send([ONE, TWO])
    expect({ isDone, states: places.map(({ state }) => state) }).toEqual({
      isDone: true,
      states: ['written', 'written'],
    })
    expect([read(ONE), read(TWO)]).toEqual([TEXT, TEXT])
  })

  it('leaves alone what is the same already', async () => {
    put(ONE, TEXT)
    const { isDone, places } = await send([ONE, TWO])
    expect({ isDone, states: places.map(({ state }) => state) }).toEqual({ isDone: true, states: ['same', 'written'] })
  })

  it('writes nowhere while a different file is in the way, until it may be replaced', async () => {
    put(TWO, 'older')
    const refused = await send([ONE, TWO])
    expect(refused).toMatchObject({
      isDone: false,
      places: [{ state: 'absent' }, { host: TWO, state: 'differs', sha256: sha('older') }],
    })
    expect(existsSync(at(ONE))).toBe(false)
    expect(read(TWO)).toBe('older')
    const allowed = await send([ONE, TWO], { [TWO]: sha('older') })
    expect(allowed).toMatchObject({ isDone: true, places: [{ state: 'written' }, { state: 'written' }] })
    expect(read(TWO)).toBe(TEXT)
  })

  it('does not replace a file that is another one than was agreed to', async () => {
    put(TWO, 'newer')
    expect(await send([TWO], { [TWO]: sha('older') })).toMatchObject({ isDone: false, places: [{ state: 'differs' }] })
    expect(read(TWO)).toBe('newer')
  })

  it('writes nowhere while a host is away, and says which', async () => {
    const { isDone, places } = await send([ONE, OFF])
    expect(isDone).toBe(false)
    expect(places[1]).toMatchObject({ host: OFF, state: 'failed', error: { code: 'engine.unavailable' } })
    expect(existsSync(at(ONE))).toBe(false)
  })

  it('does not take a folder for a file', async () => {
    mkdirSync(at(ONE), { recursive: true })
    expect(await send([ONE])).toMatchObject({
      isDone: false,
      places: [{ state: 'failed', error: { code: 'file.exists' } }],
    })
  })

  it('is content where hosts share the folder', async () => {
    const shared = connectionOf(ONE)
    const { isDone, places } = await distribute(
      { hosts: [ONE, TWO], path: PATH, text: TEXT, replace: {} },
      async () => shared,
    )
    expect(isDone).toBe(true)
    expect(places.map(({ state }) => state)).toContain('written')
    expect(read(ONE)).toBe(TEXT)
  })
})
