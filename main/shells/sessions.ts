import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

const TOKEN_LIFE_MS = 5 * 60_000
const SESSION_LIFE_MS = 24 * 60 * 60_000
const MAX_TOKENS = 8
const MAX_SESSIONS = 32

/** What is kept of a session: the hash of its secret and its end. */
export const StoredSession = z.object({ hash: z.base64(), until: z.number() })
export type StoredSession = z.infer<typeof StoredSession>

export interface SessionsKeeper {
  load(): readonly StoredSession[]
  save(sessions: readonly StoredSession[]): void
}

/**
 * Who may talk to the browser shell. A token is printed with the URL, lives for five minutes and is good for one
 * exchange; the session it is exchanged for lives for a day, also over a restart, so that an open page finds its way
 * back. Only hashes are kept.
 */
export class Sessions {
  readonly #now: () => number
  readonly #keeper: SessionsKeeper
  readonly #tokens: { hash: Buffer; until: number }[] = []
  #sessions: readonly StoredSession[]

  constructor(now: () => number, keeper: SessionsKeeper) {
    this.#now = now
    this.#keeper = keeper
    this.#sessions = keeper.load()
  }

  issueToken(): string {
    const token = randomBytes(32).toString('base64url')
    this.#tokens.push({ hash: hashOf(token), until: this.#now() + TOKEN_LIFE_MS })
    if (this.#tokens.length > MAX_TOKENS) this.#tokens.shift()
    return token
  }

  /** The secret of a new session, or null when the token is wrong, used or too old. */
  exchange(token: string): string | null {
    const index = this.#tokens.findIndex(({ hash }) => timingSafeEqual(hash, hashOf(token)))
    const found = index < 0 ? undefined : this.#tokens.splice(index, 1)[0]
    if (!found || found.until < this.#now()) return null
    const secret = randomBytes(32).toString('base64url')
    const session = { hash: hashOf(secret).toString('base64'), until: this.#now() + SESSION_LIFE_MS }
    this.#sessions = [...this.#sessions.filter(({ until }) => until > this.#now()), session].slice(-MAX_SESSIONS)
    this.#keeper.save(this.#sessions)
    return secret
  }

  isValid(secret: string | undefined): boolean {
    if (secret === undefined) return false
    const hash = hashOf(secret)
    return this.#sessions.some((session) => {
      const known = Buffer.from(session.hash, 'base64')
      return session.until > this.#now() && known.length === hash.length && timingSafeEqual(known, hash)
    })
  }
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()
