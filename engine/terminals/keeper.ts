import { chmodSync, readFileSync, rmSync, unwatchFile, watchFile, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { terminalFiles, TerminalSpec } from './folder.ts'
import { messagesOf, send, ToKeeper } from './message.ts'
import { Pace } from './pace.ts'
import { Scrollback } from './scrollback.ts'
import { resizeShell, startShell } from './shell.ts'

/** What is kept for those who come back. */
const KEPT_BYTES = 4 * 1024 * 1024
/** After the shell has ended, viewers get this long to read the rest. */
const LAST_READ_MS = 10_000
/**
 * A viewer that is gone without a word has lost its connection. It gets this long to come back, and until then the
 * program is not let so far ahead that bytes would go which it has not seen. Less than what is kept, because the last
 * bytes that were dealt with here may have been lost on their way.
 */
const MISSED_MS = 60_000
const MISSED_AHEAD_BYTES = KEPT_BYTES / 2
/** How soon it is noticed that the folder was deleted. Then nobody can reach the terminal any more. */
const FOLDER_CHECK_MS = 5_000

interface Viewer {
  readonly socket: Socket
  /** Offset of the next byte to send, and behind the last one that was dealt with. */
  next: number
  acked: number
  readonly pace: Pace
  hasLeft: boolean
}

/**
 * Keeps one terminal: runs its shell, holds the last of its output, and serves viewers over a socket that only the user
 * can open. It outlives the engine, as the connection of the one who looks may be lost at any time.
 */
export async function keepTerminal(folder: string): Promise<void> {
  const files = terminalFiles(folder)
  const keeper = new Keeper(folder, TerminalSpec.parse(JSON.parse(readFileSync(files.spec, 'utf8'))))
  writeFileSync(files.pid, `${process.pid}\n`)
  process.on('SIGHUP', () => undefined)
  await keeper.run()
  rmSync(folder, { recursive: true, force: true })
}

class Keeper {
  readonly #folder: string
  readonly #spec: TerminalSpec
  readonly #output = new Scrollback(KEPT_BYTES)
  readonly #viewers = new Set<Viewer>()
  /** Where each of those stopped that may come back. */
  readonly #missed = new Map<NodeJS.Timeout, number>()
  readonly #sockets = new Set<Socket>()
  #shell: ReturnType<typeof startShell> | null = null
  #exitCode: number | null | undefined

  constructor(folder: string, spec: TerminalSpec) {
    this.#folder = folder
    this.#spec = spec
  }

  async run(): Promise<void> {
    const shell = startShell(this.#folder, this.#spec)
    this.#shell = shell
    shell.stdin.on('error', () => undefined)
    const server = await this.#listen()
    const { spec } = terminalFiles(this.#folder)
    watchFile(spec, { interval: FOLDER_CHECK_MS }, ({ nlink }) => {
      if (nlink === 0) this.#hangUp()
    })
    shell.stdout.on('data', (chunk: Buffer) => {
      this.#output.push(chunk)
      this.#pump()
    })
    this.#exitCode = await new Promise<number | null>((resolve) => {
      shell.once('error', () => resolve(null))
      shell.once('close', (code) => resolve(code))
    })
    unwatchFile(spec)
    this.#pump()
    await this.#untilRead()
    for (const socket of this.#sockets) socket.destroySoon()
    server.close()
  }

  #listen(): Promise<Server> {
    const { socket: path } = terminalFiles(this.#folder)
    const server = createServer((socket) => {
      this.#serve(socket).catch(() => socket.destroy())
    })
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => {
        chmodSync(path, 0o600)
        resolve(server)
      })
    })
  }

  async #serve(socket: Socket): Promise<void> {
    let viewer: Viewer | null = null
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      if (viewer) this.#gone(viewer)
      this.#pump()
    })
    socket.on('drain', () => this.#pump())
    for await (const message of messagesOf(socket, ToKeeper)) {
      if ('attach' in message) {
        const pace = new Pace(() => performance.now())
        viewer = { socket, next: message.attach, acked: message.attach, pace, hasLeft: false }
        this.#viewers.add(viewer)
        this.#back(message.attach)
        this.#pump()
      } else if ('ack' in message) {
        if (viewer) {
          viewer.acked = message.ack
          viewer.pace.acked(message.ack)
        }
        this.#pump()
      } else if ('input' in message) this.#shell?.stdin.write(Buffer.from(message.input, 'base64'))
      else if ('columns' in message) resizeShell(this.#folder, message)
      else if ('leave' in message) {
        if (viewer) viewer.hasLeft = true
      } else this.#hangUp()
    }
  }

  #gone(viewer: Viewer): void {
    this.#viewers.delete(viewer)
    if (viewer.hasLeft || this.#exitCode !== undefined) return
    const timer = setTimeout(() => {
      this.#missed.delete(timer)
      this.#pump()
    }, MISSED_MS)
    timer.unref()
    this.#missed.set(timer, viewer.acked)
  }

  /** One who goes on near where somebody stopped is taken for him. */
  #back(from: number): void {
    for (const [timer, acked] of this.#missed) {
      if (Math.abs(from - acked) >= MISSED_AHEAD_BYTES) continue
      clearTimeout(timer)
      this.#missed.delete(timer)
      return
    }
  }

  /** Sends what viewers have room for, and lets the shell go on only when none of them lags. */
  #pump(): void {
    let isBehind = false
    for (const viewer of this.#viewers) {
      while (viewer.next < this.#output.end && !viewer.socket.writableNeedDrain) {
        if (viewer.next - viewer.acked >= viewer.pace.aheadBytes) break
        const { offset, data } = this.#output.read(viewer.next, viewer.pace.pieceBytes)
        // What was dropped before anybody read it counts as dealt with.
        viewer.acked += offset - viewer.next
        viewer.next = offset + data.length
        viewer.pace.sent(viewer.next)
        send(viewer.socket, { offset, data: data.toString('base64') })
      }
      if (this.#output.end - viewer.acked >= viewer.pace.aheadBytes) isBehind = true
      if (this.#exitCode !== undefined && viewer.next >= this.#output.end) {
        send(viewer.socket, { offset: this.#output.end, data: '', exitCode: this.#exitCode })
        viewer.next = Infinity
      }
    }
    for (const acked of this.#missed.values()) if (this.#output.end - acked >= MISSED_AHEAD_BYTES) isBehind = true
    if (isBehind) this.#shell?.stdout.pause()
    else this.#shell?.stdout.resume()
  }

  /** What a closed window does: the shell gets HUP and passes it on. */
  #hangUp(): void {
    this.#shell?.kill('SIGHUP')
    setTimeout(() => this.#shell?.kill('SIGKILL'), 2000).unref()
  }

  async #untilRead(): Promise<void> {
    const until = Date.now() + LAST_READ_MS
    while (Date.now() < until && [...this.#viewers].some(({ next }) => next !== Infinity)) {
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}
