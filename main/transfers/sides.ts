import { basename, join, posix } from 'node:path'
import { contents } from '#engine/protocol/contents.ts'
import { files } from '#engine/protocol/host.ts'
import { LOCAL_HOST, type HostId } from '#engine/protocol/ids.ts'
import type { Clock } from '../clock.ts'
import type { Engine } from '../engines/engine.ts'
import type { SshLink } from '../links/index.ts'
import { localBytes } from './local-bytes.ts'
import { SftpBytes } from './sftp-bytes.ts'
import type { Side, SideFiles } from './side.ts'

export interface SidesServices {
  readonly engineOf: (host: HostId) => Engine
  /** Throws `host.unknown`, `host.isLocal`. */
  readonly linkOf: (host: HostId) => SshLink
  readonly clock: Clock
}

/** The ends that transfers have, with one session of the file transfer protocol per link. */
export class Sides implements Disposable {
  readonly #services: SidesServices
  readonly #sessions = new Map<HostId, Promise<SftpBytes>>()

  constructor(services: SidesServices) {
    this.#services = services
  }

  of(host: HostId): Side {
    const isLocal = host === LOCAL_HOST
    const { engineOf } = this.#services
    const path = isLocal ? { join, basename } : posix
    return {
      isLocal,
      join: (folder, relative) => path.join(folder, relative),
      baseName: (full) => path.basename(full),
      files: async (signal): Promise<SideFiles> => {
        const connection = await engineOf(host).ready(signal)
        return { ...connection.topic(files), ...connection.topic(contents) }
      },
      bytes: async (signal) => (isLocal ? localBytes : await this.#session(host, signal)),
    }
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions.values()) {
      session.then(
        (open) => open[Symbol.dispose](),
        () => undefined,
      )
    }
  }

  /** The one that is there, else a new one; those who ask at the same time get the same. */
  async #session(host: HostId, signal: AbortSignal): Promise<SftpBytes> {
    const { linkOf, clock } = this.#services
    const known = this.#sessions.get(host)
    const open = await known?.catch(() => null)
    if (open && !open.isEnded) return open
    if (this.#sessions.get(host) === known) {
      this.#sessions.set(
        host,
        linkOf(host)
          .ready()
          .then((connection) => SftpBytes.open(connection, clock)),
      )
    }
    signal.throwIfAborted()
    return await (this.#sessions.get(host) as Promise<SftpBytes>)
  }
}
