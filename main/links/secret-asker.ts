import type { Prompt } from 'ssh2'
import { AppError } from '#engine/protocol/errors/index.ts'
import type { HostId } from '#engine/protocol/ids.ts'
import { Secret } from '../log/secret.ts'
import type { Credentials } from './credentials.ts'
import type { QuestionDraft, Questions } from './questions.ts'

export interface AskedSecret {
  readonly secret: Secret
  readonly remember: boolean
}

/** What a question about a secret is about. */
export type SecretSubject =
  | { readonly kind: 'password' | 'proxyPassword'; readonly address: string }
  | { readonly kind: 'passphrase'; readonly path: string }

export interface AskerOptions {
  readonly host: HostId
  readonly hostName: string
  readonly user: string
  /** Aborted when the attempt to connect is over: its questions are withdrawn. */
  readonly signal: AbortSignal
  /** Ends the attempt to connect. */
  readonly giveUp: (error: Error) => void
  /** Opens the vault, asking for its passphrase; false when the user does not want to. */
  readonly unlockVault: (signal: AbortSignal) => Promise<boolean>
}

/** Gets the secrets of one attempt to connect: remembered ones first, then from the user. */
export class SecretAsker {
  readonly #options: AskerOptions
  readonly #credentials: Credentials
  readonly #questions: Pick<Questions, 'ask'>
  /** Remembered secrets that were handed out already: a second time they would be wrong again. */
  readonly #used = new Set<string>()

  constructor(options: AskerOptions, credentials: Credentials, questions: Pick<Questions, 'ask'>) {
    this.#options = options
    this.#credentials = credentials
    this.#questions = questions
  }

  /** Throws `ssh.dismissed` when the user does not want to answer. */
  async secret(what: string, subject: SecretSubject, isAgain: boolean): Promise<AskedSecret> {
    const { host, user, signal } = this.#options
    if (!this.#used.has(what)) {
      this.#used.add(what)
      const known = await this.#remembered(host, what)
      if (known) return { secret: known, remember: false }
      isAgain = false
    }
    const canRemember = await this.#credentials.canRemember()
    const draft: QuestionDraft = { ...this.#about(), ...subject, user, wasWrong: isAgain, canRemember }
    const answer = await this.#questions.ask(draft, signal)
    const text = answer?.texts[0]
    if (!answer || text === undefined) throw this.#dismissed()
    return { secret: new Secret(text), remember: answer.remember }
  }

  /** The answers to what a server asks step by step. */
  async prompts(title: string, instructions: string, prompts: readonly Prompt[]): Promise<string[]> {
    const { user, signal } = this.#options
    const shown = prompts.map(({ prompt, echo }) => ({ text: prompt, isShown: echo === true }))
    const draft = { ...this.#about(), kind: 'keyboard', user, title, instructions, canRemember: false } as const
    const answer = await this.#questions.ask({ ...draft, prompts: shown }, signal)
    if (!answer) throw this.#dismissed()
    return prompts.map((_, index) => answer.texts[index] ?? '')
  }

  /** Keeps what was accepted, opening the vault for it if it has to; without the vault, for this session. */
  async keep(host: HostId, what: string, { secret, remember }: AskedSecret): Promise<void> {
    try {
      await this.#credentials.keep(host, what, secret, remember)
    } catch (error) {
      if (!isLocked(error)) throw error
      const isOpen = await this.#options.unlockVault(this.#options.signal)
      if (isOpen) await this.#credentials.keep(host, what, secret, remember)
    }
  }

  refuse(host: HostId, what: string): void {
    this.#credentials.refuse(host, what)
  }

  giveUp(error: Error): void {
    this.#options.giveUp(error)
  }

  async #remembered(host: HostId, what: string): Promise<Secret | null> {
    try {
      return await this.#credentials.get(host, what)
    } catch (error) {
      if (!isLocked(error)) throw error
      const isOpen = await this.#options.unlockVault(this.#options.signal)
      return isOpen ? await this.#credentials.get(host, what) : null
    }
  }

  #about() {
    return { host: this.#options.host, hostName: this.#options.hostName }
  }

  #dismissed(): AppError {
    return new AppError('ssh.dismissed', { host: this.#options.hostName })
  }
}

const isLocked = (error: unknown): boolean => error instanceof AppError && error.code === 'vault.locked'
