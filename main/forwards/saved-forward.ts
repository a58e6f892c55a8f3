import { AppError, toCodedError } from '#engine/protocol/errors/index.ts'
import type { ForwardSettings, ForwardView, LinkView } from '#contract/index.ts'
import { Backoff } from '../backoff.ts'
import type { Clock } from '../clock.ts'
import {
  forwardDynamic,
  forwardLocal,
  forwardRemote,
  type Forward,
  type ForwardOptions,
  type SshLink,
} from '../links/index.ts'
import type { ForwardRecord } from '../store/forwards-repository.ts'

type Status = Pick<ForwardView, 'state' | 'listening' | 'error'>

/** A port that is taken, often by the session that was just lost, is tried again after growing delays. */
const RETRY = { firstMs: 1000, limitMs: 30_000 }

export interface SavedForwardServices {
  readonly link: () => SshLink
  readonly clock: Clock
  readonly changed: (view: ForwardView) => void
}

/**
 * One forward of a host and its life: wanted by the user, or by each connect when it is automatic; open as long as the
 * link is there, and again when it has come back; over when the link is given up.
 */
export class SavedForward implements Disposable {
  readonly #services: SavedForwardServices
  readonly #backoff: Backoff
  #record: ForwardRecord
  #isWanted = false
  /** The user has given the connection up since it was last there, so that the next one is a new one. */
  #isFresh = true
  #status: Status = { state: 'stopped' }
  #connections = 0
  #forward: Forward | null = null
  #retry: Disposable | null = null
  /** What an attempt brings counts only as long as no other one has begun. */
  #attempt = 0

  constructor(record: ForwardRecord, services: SavedForwardServices, backoff = new Backoff(RETRY)) {
    this.#record = record
    this.#services = services
    this.#backoff = backoff
  }

  get view(): ForwardView {
    return { ...this.#record, ...this.#status, connections: this.#connections }
  }

  /** Throws `ssh.notConnected` when the host is neither connected nor about to be. */
  start(): void {
    const link = this.#services.link()
    const { state } = link.view
    if (state === 'idle' || state === 'failed') throw new AppError('ssh.notConnected', { host: link.name, state })
    this.#isWanted = true
    this.#backoff.reset()
    this.follow(link.view)
  }

  stop(): void {
    this.#isWanted = false
    this.#close()
    this.#enter({ state: 'stopped' })
  }

  /** New settings; what was wanted is opened anew with them. */
  change(settings: ForwardSettings): void {
    this.#close()
    this.#record = { ...this.#record, settings }
    this.#enter({ state: 'stopped' })
    if (this.#isWanted) this.start()
  }

  /** What became of the link. */
  follow({ state }: LinkView): void {
    if (state === 'ready') {
      if (this.#isFresh && this.#record.settings.isAutomatic) this.#isWanted = true
      this.#isFresh = false
      if (!this.#isWanted) return
      if (this.#forward) this.#enter({ state: 'open', listening: placeOf(this.#forward) })
      else void this.#open()
    } else if (state === 'idle' || state === 'failed') {
      this.#isFresh = true
      this.stop()
    } else if (this.#isWanted) this.#wait()
  }

  [Symbol.dispose](): void {
    this.#isWanted = false
    this.#close()
  }

  /** Until the link is back. A port of this computer stays open meanwhile, so that nobody else takes it. */
  #wait(): void {
    if (this.#record.settings.kind === 'remote' || !this.#forward) this.#close()
    this.#enter({ state: 'waiting', ...(this.#forward ? { listening: placeOf(this.#forward) } : {}) })
  }

  async #open(): Promise<void> {
    this.#close()
    const attempt = this.#attempt
    this.#enter({ state: 'opening' })
    try {
      const forward = await openForward(this.#services.link(), this.#record.settings, {
        onConnections: (count) => attempt === this.#attempt && this.#count(count),
      })
      if (attempt !== this.#attempt) return forward[Symbol.dispose]()
      this.#forward = forward
      this.#backoff.reset()
      this.#enter({ state: 'open', listening: placeOf(forward) })
    } catch (error) {
      if (attempt !== this.#attempt) return
      this.#enter({ state: 'failed', error: toCodedError(error) })
      this.#retry = this.#services.clock.after(this.#backoff.next(), () => void this.#open())
    }
  }

  #close(): void {
    this.#attempt++
    this.#retry?.[Symbol.dispose]()
    this.#retry = null
    this.#forward?.[Symbol.dispose]()
    this.#forward = null
    this.#connections = 0
  }

  #count(count: number): void {
    this.#connections = count
    this.#services.changed(this.view)
  }

  #enter(status: Status): void {
    this.#status = status
    this.#services.changed(this.view)
  }
}

const placeOf = ({ address, port }: Forward) => ({ address, port })

function openForward(link: SshLink, settings: ForwardSettings, options: ForwardOptions): Promise<Forward> {
  const { address, port } = settings.listen
  const at = { ...options, address }
  switch (settings.kind) {
    case 'local':
      return forwardLocal(link, port, settings.target, at)
    case 'remote':
      return forwardRemote(link, port, settings.target, at)
    case 'dynamic':
      return forwardDynamic(link, port, at)
  }
}
