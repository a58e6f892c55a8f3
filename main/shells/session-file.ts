import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { StoredSession, type SessionsKeeper } from './sessions.ts'

const Content = z.object({ port: z.number().int().min(1).max(65535), sessions: z.array(StoredSession) })

/**
 * `browser-shell.json` in main's folder, for the user alone: the port that was listened on last and the hashes of the
 * sessions. With both, a page that is open finds the restarted shell again.
 */
export class SessionFile implements SessionsKeeper {
  readonly #path: string
  #port: number | null
  #sessions: readonly StoredSession[]

  constructor(path: string) {
    this.#path = path
    const kept = read(path)
    this.#port = kept?.port ?? null
    this.#sessions = kept?.sessions ?? []
  }

  /** The port of the last time; null before the first. */
  get port(): number | null {
    return this.#port
  }

  load(): readonly StoredSession[] {
    return this.#sessions
  }

  save(sessions: readonly StoredSession[]): void {
    this.#sessions = sessions
    this.#write()
  }

  savePort(port: number): void {
    if (port === this.#port) return
    this.#port = port
    this.#write()
  }

  #write(): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    const temporary = `${this.#path}.tmp`
    writeFileSync(temporary, JSON.stringify({ port: this.#port, sessions: this.#sessions }), { mode: 0o600 })
    renameSync(temporary, this.#path)
  }
}

/** Null when there is none or it is not readable: then everyone asks for a new link, which is all that is lost. */
function read(path: string): z.infer<typeof Content> | null {
  try {
    return Content.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null
  }
}
