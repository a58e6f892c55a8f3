import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { contents } from '#engine/protocol/contents.ts'
import { AppError, toCodedError } from '#engine/protocol/errors/index.ts'
import { files } from '#engine/protocol/host.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import type { Connection } from '#engine/rpc/connect.ts'
import type { RankTablePlace } from '#contract/index.ts'

export interface Distribution {
  readonly hosts: readonly HostId[]
  readonly path: string
  readonly text: string
  /** Digests of the files that may be replaced, by host. */
  readonly replace: Readonly<Record<string, string>>
}

/** The engine of a host, once it is there. */
export type Reach = (host: HostId) => Promise<Connection>

/**
 * Puts one text at the same path on all hosts: looks everywhere first, and writes only when every host is there and
 * none has a different file that may not be replaced. Each file appears at once and is read back by its digest.
 */
export async function distribute(
  order: Distribution,
  reach: Reach,
): Promise<{ isDone: boolean; places: RankTablePlace[] }> {
  const sha256 = createHash('sha256').update(order.text, 'utf8').digest('hex')
  const seen = await Promise.all(order.hosts.map((host) => look(host, order.path, sha256, reach)))
  const isBlocked = seen.some(
    ({ host, state, sha256: found }) =>
      state === 'failed' || (state === 'differs' && (found === null || order.replace[host] !== found)),
  )
  if (isBlocked) return { isDone: false, places: seen }
  const places = await Promise.all(
    seen.map((place) => (place.state === 'same' ? place : write(place, order, sha256, reach))),
  )
  return { isDone: places.every(({ state }) => state !== 'failed'), places }
}

async function look(host: HostId, path: string, wanted: string, reach: Reach): Promise<RankTablePlace> {
  try {
    const connection = await reach(host)
    const stat = await connection.topic(files).stat({ path })
    if (stat === null) return { host, state: 'absent', sha256: null, error: null }
    if (stat.kind !== 'file') throw new AppError('file.exists', { path: stat.path })
    const { sha256 } = await connection.topic(contents).digest({ path })
    return { host, state: sha256 === wanted ? 'same' : 'differs', sha256, error: null }
  } catch (error) {
    return failed(host, error)
  }
}

async function write(
  { host, state, sha256: expected }: RankTablePlace,
  { path, text }: Distribution,
  wanted: string,
  reach: Reach,
): Promise<RankTablePlace> {
  try {
    const client = (await reach(host)).topic(contents)
    if (state === 'absent') await client.makeFolder({ path: posix.dirname(path) })
    await client.writeText({ path, text, expected })
    const { sha256 } = await client.digest({ path })
    if (sha256 !== wanted) throw new AppError('file.damaged', { path })
    return { host, state: 'written', sha256: null, error: null }
  } catch (error) {
    // Hosts that share the folder: another one has written the same file meanwhile.
    const now = await look(host, path, wanted, reach)
    return now.state === 'same' ? now : failed(host, error)
  }
}

const failed = (host: HostId, error: unknown): RankTablePlace => ({
  host,
  state: 'failed',
  sha256: null,
  error: toCodedError(error),
})
