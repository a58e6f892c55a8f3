import { AppError, toCodedError, type CodedError } from '#engine/protocol/errors/index.ts'
import type { TransferState, TransferView } from '#contract/index.ts'
import { delay, type Clock } from '../clock.ts'
import type { FinishedFile, TargetNames, TransferOrder, TransferRecord } from '../store/transfers-repository.ts'
import { copyFile, type FileCopy } from './copy-file.ts'
import { listFiles, type FileList } from './file-list.ts'
import { RateMeter } from './rate-meter.ts'
import type { Side } from './side.ts'

/** Several at once fill the waits of each other: for the disk, for the digests. */
const FILES_AT_ONCE = 4
/** Small ones wait more than they move, so more of them go beside. */
const SMALL_BYTES = 256 * 1024
const MORE_SMALL_AT_ONCE = 12
const SHOWN_ACTIVE = 4
const SHOWN_FAILURES = 50
/** Between looks at whether a lost side is back. */
const RETRY_MS = 500
/** A file that arrives damaged is sent once more before it counts as failed. */
const DAMAGED_RETRIES = 1

/** What a lost link or engine says; both come back by themselves. */
const LOST = new Set([
  'ssh.lost',
  'ssh.silent',
  'ssh.notConnected',
  'ssh.unreachable',
  'rpc.closed',
  'engine.unavailable',
])

export interface TransferOptions {
  readonly id: string
  readonly request: TransferOrder
  readonly from: Side
  readonly to: Side
  readonly clock: Clock
  readonly onChange: () => void
  /** Hears of each file that has arrived, or was skipped. */
  readonly onFinished: (file: FinishedFile) => void
  /** How it stood when the program ended. */
  readonly earlier?: EarlierTransfer
}

export interface EarlierTransfer extends Pick<TransferRecord, 'view' | 'names'> {
  readonly finished: readonly FinishedFile[]
}

interface ActiveCopy {
  readonly file: FileCopy
  readonly rate: RateMeter
  bytes: number
}

/** One order of the user, from listing its files to the last of them. */
export class Transfer {
  readonly id: string
  readonly request: TransferOptions['request']
  readonly #options: TransferOptions
  readonly #createdAt: number
  readonly #active = new Map<FileCopy, ActiveCopy>()
  readonly #done = new Set<FileCopy>()
  readonly #failures = new Map<FileCopy, CodedError>()
  readonly #names: Map<string, string>
  readonly #rate: RateMeter
  #state: TransferState = 'queued'
  #list: FileList | null = null
  #skipped = 0
  #doneBytes = 0
  #error: CodedError | undefined
  #endedAt: number | undefined
  #abort = new AbortController()

  constructor(options: TransferOptions) {
    this.id = options.id
    this.request = options.request
    this.#options = options
    const { earlier } = options
    this.#createdAt = earlier?.view.createdAt ?? options.clock.now()
    this.#names = new Map(Object.entries(earlier?.names ?? {}))
    if (earlier?.view.endedAt !== undefined) {
      this.#state = earlier.view.state
      this.#endedAt = earlier.view.endedAt
      this.#error = earlier.view.error
    }
    this.#rate = new RateMeter(() => options.clock.monotonicMs())
  }

  get isEnded(): boolean {
    return this.#state === 'done' || this.#state === 'failed' || this.#state === 'cancelled'
  }

  get isQueued(): boolean {
    return this.#state === 'queued'
  }

  /** Names that sources have got at the target, by their paths. */
  get names(): TargetNames {
    return Object.fromEntries(this.#names)
  }

  get view(): TransferView {
    const { host, direction, sources, target } = this.request
    const { clock, from, earlier } = this.#options
    const active = [...this.#active.values()].map(({ file, bytes, rate }) => ({
      path: file.target,
      bytes,
      total: file.bytes,
      rate: rate.rate,
    }))
    return {
      id: this.id,
      host,
      direction,
      name: from.baseName(sources[0] ?? ''),
      sources: sources.length,
      target,
      state: this.#state,
      ...(this.#list === null && earlier ? asBefore(earlier.view) : this.#figures(this.#list, active)),
      rate: this.isEnded ? 0 : this.#rate.rate,
      active: active.toSorted((a, b) => b.total - a.total).slice(0, SHOWN_ACTIVE),
      ...(this.#error ? { error: this.#error } : {}),
      createdAt: Math.min(this.#createdAt, clock.now()),
      ...(this.#endedAt === undefined ? {} : { endedAt: this.#endedAt }),
    }
  }

  #figures(list: FileList | null, active: TransferView['active']): Pick<TransferView, 'files' | 'bytes' | 'failures'> {
    return {
      files: {
        total: list?.files.length ?? 0,
        done: this.#done.size - this.#skipped,
        skipped: this.#skipped,
        failed: this.#failures.size,
      },
      bytes: {
        total: list?.bytes ?? 0,
        done: this.#doneBytes + active.reduce((sum, { bytes }) => sum + bytes, 0),
      },
      failures: [...this.#failures].slice(0, SHOWN_FAILURES).map(([file, error]) => ({ path: file.source, error })),
    }
  }

  /** To the end; never throws, the view tells how it ended. */
  async run(): Promise<void> {
    const { signal } = this.#abort
    try {
      await this.#lasting(() => this.#scan(signal), 'scanning', signal)
      const left = (this.#list?.files ?? []).filter((file) => !this.#done.has(file))
      const small = left.filter(({ bytes }) => bytes <= SMALL_BYTES).values()
      const large = left.filter(({ bytes }) => bytes > SMALL_BYTES).values()
      const work = async (...queues: Iterable<FileCopy>[]) => {
        for (const queue of queues) {
          for (const file of queue) {
            if (signal.aborted) return
            await this.#bring(file, signal)
          }
        }
      }
      await Promise.all([
        ...Array.from({ length: FILES_AT_ONCE }, () => work(large, small)),
        ...Array.from({ length: MORE_SMALL_AT_ONCE }, () => work(small)),
      ])
      this.#end(signal.aborted ? 'cancelled' : this.#failures.size > 0 ? 'failed' : 'done')
    } catch (error) {
      this.#error = signal.aborted ? undefined : toCodedError(error)
      this.#end(signal.aborted ? 'cancelled' : 'failed')
    }
  }

  cancel(): void {
    this.#abort.abort()
    if (this.isQueued) this.#end('cancelled')
  }

  /** Makes it ready for another run, which does what is left. */
  requeue(): void {
    this.#abort = new AbortController()
    this.#failures.clear()
    this.#error = undefined
    this.#endedAt = undefined
    this.#enter('queued')
  }

  async #scan(signal: AbortSignal): Promise<void> {
    const { from, to } = this.#options
    if (this.#list === null) {
      this.#list = await listFiles(from, to, this.request, this.#names, signal)
      this.#takeEarlier(this.#list)
    }
    const target = await to.files(signal)
    for (const path of this.#list.folders) await target.makeFolder({ path }, { signal })
    const { freeBytes } = await target.disk({ path: this.request.target }, { signal })
    const needed = this.#list.bytes - this.#doneBytes
    if (needed > freeBytes) {
      throw new AppError('transfer.noRoom', { path: this.request.target, needed, free: freeBytes })
    }
  }

  /** Files that had been dealt with before the program ended, unless they are others by now. */
  #takeEarlier({ files }: FileList): void {
    const finished = new Map(this.#options.earlier?.finished.map((file) => [file.target, file]))
    for (const file of files) {
      const known = finished.get(file.target)
      if (known?.bytes === file.bytes) this.#count(file, known.isSkipped)
    }
  }

  #count(file: FileCopy, isSkipped: boolean): void {
    this.#done.add(file)
    this.#doneBytes += file.bytes
    if (isSkipped) this.#skipped++
  }

  async #bring(file: FileCopy, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    const active: ActiveCopy = { file, bytes: 0, rate: new RateMeter(() => clock.monotonicMs()) }
    this.#active.set(file, active)
    try {
      let damaged = 0
      let isSkipped = false
      for (;;) {
        try {
          await this.#lasting(async () => void (isSkipped = !(await this.#copy(active, signal))), 'running', signal)
          break
        } catch (error) {
          if (toCodedError(error).code !== 'file.damaged' || damaged++ >= DAMAGED_RETRIES) throw error
        }
      }
      this.#count(file, isSkipped)
      this.#options.onFinished({ target: file.target, bytes: file.bytes, isSkipped })
    } catch (error) {
      if (!signal.aborted) this.#failures.set(file, toCodedError(error))
    } finally {
      this.#active.delete(file)
      this.#options.onChange()
    }
  }

  /** Answers false when the file was skipped. */
  async #copy(active: ActiveCopy, signal: AbortSignal): Promise<boolean> {
    const { from, to } = this.#options
    const { file } = active
    if (this.request.policy === 'skip') {
      const there = await (await to.files(signal)).stat({ path: file.target }, { signal })
      if (there !== null) return false
    }
    let isFirst = true
    const onBytes = (bytes: number) => {
      // The first figure is what was there already.
      const came = isFirst ? 0 : bytes - active.bytes
      isFirst = false
      active.bytes = bytes
      active.rate.add(came)
      this.#rate.add(came)
      if (came > 0 && this.#state === 'waiting') {
        this.#error = undefined
        this.#enter('running')
      }
      this.#options.onChange()
    }
    await copyFile(from, to, file, onBytes, signal)
    return true
  }

  /** Does it again, from where it was, as often as a side is lost meanwhile. */
  async #lasting(action: () => Promise<void>, state: TransferState, signal: AbortSignal): Promise<void> {
    for (;;) {
      if (signal.aborted) throw new AppError('cancelled')
      try {
        if (this.#state !== 'waiting') this.#enter(state)
        await action()
        this.#error = undefined
        this.#enter(state)
        return
      } catch (error) {
        const coded = toCodedError(error)
        // A link that the user gives up says `cancelled`, too.
        if (signal.aborted || !(LOST.has(coded.code) || coded.code === 'cancelled')) throw error
        this.#error = coded
        this.#enter('waiting')
        await delay(this.#options.clock, RETRY_MS, signal)
      }
    }
  }

  #end(state: TransferState): void {
    this.#endedAt = this.#options.clock.now()
    this.#enter(state)
  }

  #enter(state: TransferState): void {
    if (this.#state === state) return
    this.#state = state
    this.#options.onChange()
  }
}

/** What was known of it when the program ended, until its files have been listed again. */
const asBefore = ({ files, bytes, failures }: TransferView) => ({ files, bytes, failures })
