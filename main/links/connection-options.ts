import type { Clock } from '../clock.ts'
import type { Authentication } from './authentication.ts'

/** What a connection needs to know to be opened. */
export interface ConnectionOptions {
  /** Name of the host in messages. */
  readonly name: string
  readonly address: string
  readonly user: string
  readonly keepAliveSeconds: number
  readonly hostKeyAlgorithms: readonly string[]
  /** Throws the reason when the key is not to be trusted. */
  readonly checkHostKey: (key: Buffer) => Promise<void>
  readonly authenticate: (fail: (error: Error) => void) => Authentication
  /** Whether the user is being asked right now: the server may be silent meanwhile. */
  readonly isAsking: () => boolean
  readonly clock: Clock
}
