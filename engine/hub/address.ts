import { AppError } from '../protocol/errors/index.ts'
import type { HubDownloadSpec } from '../protocol/hub-tasks.ts'
import { BusyError, discard, isBusy, type HubClient } from './client.ts'
import { named, type Hub } from './repository.ts'

/** One file of any web server. Its size comes from the server; there is no checksum to compare with. */
export function addressHub(spec: HubDownloadSpec, client: HubClient): Hub {
  const url = new URL(spec.repository)
  const { endpoint } = client
  const name = decodeURIComponent(url.pathname.split('/').at(-1) ?? '') || 'download'
  return {
    endpoint,
    revision: '-',
    tokenVariable: '-',
    async list(signal) {
      // A range of one byte: servers that refuse HEAD answer it, and its answer holds the whole size.
      const bytes = await client.persist(signal, async () => {
        const answer = await client.get(url, { range: 'bytes=0-0', 'accept-encoding': 'identity' }, signal)
        const { status, headers } = answer
        discard(answer)
        const [, total] = /\/(\d+)$/.exec(String(headers['content-range'])) ?? []
        if (status === 206 && total !== undefined) return Number(total)
        if (status === 200 && headers['content-length'] !== undefined) return Number(headers['content-length'])
        // An empty file has no first byte.
        if (status === 416) return 0
        if (isBusy(status)) throw new BusyError(answer)
        if (status === 404) throw new AppError('hub.notFound', named(spec, { endpoint, revision: '-' }))
        const reason = status === 200 ? 'no content-length' : `HTTP ${status}`
        throw new AppError('hub.unexpected', { url: url.href, hub: 'web', reason })
      })
      return { commit: '-', files: [{ path: name, bytes }] }
    },
    fileUrl: () => url,
  }
}
