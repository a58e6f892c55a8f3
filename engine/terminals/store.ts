import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { engineCommand } from '../jobs/engine-command.ts'
import { processFacts } from '../jobs/platform.ts'
import { AppError } from '../protocol/errors/index.ts'
import type { TerminalId, TerminalInfo, TerminalSize } from '../protocol/terminals.ts'
import { terminalFiles, terminalsDir, TerminalSpec } from './folder.ts'

const START_MS = 10_000
const LOOK_MS = 20

/** The terminals of this host. Everything about them is on disk: any engine of the user finds them. */
export class TerminalStore {
  readonly #root: string

  constructor(root: string = terminalsDir()) {
    this.#root = root
  }

  /** Those that run, the oldest first. What a killed keeper left behind is cleared away. */
  list(): TerminalInfo[] {
    const names = existsSync(this.#root) ? readdirSync(this.#root) : []
    return names
      .flatMap((name): TerminalInfo[] => {
        const spec = readSpec(join(this.#root, name))
        if (spec && this.#isKept(name)) return [{ id: spec.id, container: spec.container, createdAt: spec.createdAt }]
        // One that has just been made has no keeper yet.
        if (spec && Date.now() - spec.createdAt < START_MS) return []
        rmSync(join(this.#root, name), { recursive: true, force: true })
        return []
      })
      .sort((a, b) => a.createdAt - b.createdAt)
  }

  /** Throws `terminal.failed`. */
  async open(size: TerminalSize, container: string | null): Promise<TerminalInfo> {
    const id = randomBytes(5).toString('hex')
    const folder = join(this.#root, id)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const info: TerminalInfo = { id, container, createdAt: Date.now() }
    writeFileSync(terminalFiles(folder).spec, JSON.stringify({ ...info, size } satisfies TerminalSpec))
    const [program, ...args] = engineCommand('terminal', folder)
    const child = spawn(program, args, { detached: true, stdio: 'ignore' })
    child.unref()
    let failure: string | null = null
    child.once('error', (error) => (failure = error.message))
    const until = Date.now() + START_MS
    // The shell's side writes the name of its device when it is there.
    while (!existsSync(terminalFiles(folder).tty)) {
      if (failure === null && Date.now() < until && (existsSync(folder) || child.exitCode === null)) {
        await sleep(LOOK_MS)
        continue
      }
      rmSync(folder, { recursive: true, force: true })
      throw new AppError('terminal.failed', { reason: failure ?? 'the shell did not start' })
    }
    return info
  }

  /** A connection to a terminal's keeper. Throws `terminal.unknown`. */
  connect(id: TerminalId): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(terminalFiles(join(this.#root, id)).socket)
      socket.once('connect', () => resolve(socket))
      socket.once('error', (cause) => reject(new AppError('terminal.unknown', { id }, { cause })))
    })
  }

  #isKept(name: string): boolean {
    try {
      const pid = Number(readFileSync(terminalFiles(join(this.#root, name)).pid, 'utf8'))
      const facts = processFacts(pid)
      return facts !== null && !facts.isZombie
    } catch {
      return false
    }
  }
}

function readSpec(folder: string): TerminalSpec | null {
  try {
    return TerminalSpec.parse(JSON.parse(readFileSync(terminalFiles(folder).spec, 'utf8')))
  } catch {
    return null
  }
}
