import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const TOKEN_LIFE_MS = 5 * 60_000
const MAX_TOKENS = 8
const MAX_SESSIONS = 32

/**
 * Who may talk to the browser shell. A token is printed with the URL, lives for five minutes and is good for one
 * exchange; the session it is exchanged for lives as long as the program. Only hashes are kept.
 */
export class Sessions {
  readonly #now: () => number
  readonly #tokens: { hash: Buffer; until: number }[] = []
  readonly #sessions: Buffer[] = []

  constructor(now: () => number) {
    this.#now = now
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
    const session = randomBytes(32).toString('base64url')
    this.#sessions.push(hashOf(session))
    if (this.#sessions.length > MAX_SESSIONS) this.#sessions.shift()
    return session
  }

  isValid(session: string | undefined): boolean {
    if (session === undefined) return false
    const hash = hashOf(session)
    return this.#sessions.some((known) => timingSafeEqual(known, hash))
  }
}

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()
