import { AppError } from '#engine/protocol/errors/index.ts'
import type { VaultView } from '#contract/index.ts'
import type { Questions } from '../links/questions.ts'
import { onDispose } from '../scope.ts'
import type { Keychain } from './secret-store.ts'
import type { Vault } from './vault.ts'

/** The vault as the user meets it: asked for when a secret is needed, opened and changed on a page. */
export class VaultDoor {
  readonly #system: Keychain
  readonly #vault: Vault
  readonly #questions: Pick<Questions, 'ask'>
  #asking: Promise<boolean> | null = null

  constructor(system: Keychain, vault: Vault, questions: Pick<Questions, 'ask'>) {
    this.#system = system
    this.#vault = vault
    this.#questions = questions
  }

  async view(): Promise<VaultView> {
    const reason = await this.#system.unavailable()
    return reason === null ? { kind: 'system' } : { kind: await this.#vault.state(), reason }
  }

  onChange(listener: (view: VaultView) => void): Disposable {
    let isOver = false
    const changes = this.#vault.onChange(() => {
      void this.view().then((view) => isOver || listener(view))
    })
    return onDispose(() => {
      isOver = true
      changes[Symbol.dispose]()
    })
  }

  /** One question for everybody who needs the vault. False when the user does not want to open it. */
  async unlock(signal: AbortSignal): Promise<boolean> {
    if ((await this.#vault.state()) === 'unlocked') return true
    this.#asking ??= this.#ask(signal).finally(() => (this.#asking = null))
    return await this.#asking
  }

  async create(passphrase: string): Promise<void> {
    await this.#assertUsed()
    await this.#vault.create(passphrase)
  }

  async open(passphrase: string): Promise<void> {
    await this.#assertUsed()
    await this.#vault.unlock(passphrase)
  }

  async lock(): Promise<void> {
    await this.#vault.lock()
  }

  async changePassphrase(from: string, to: string): Promise<void> {
    await this.#vault.changePassphrase(from, to)
  }

  async #ask(signal: AbortSignal): Promise<boolean> {
    for (let wasWrong = false; ; wasWrong = true) {
      const question = { kind: 'vault', host: null, hostName: '', wasWrong } as const
      const opened = new AbortController()
      // It may be opened on its page as well.
      using _changes = this.#vault.onChange((state) => state === 'unlocked' && opened.abort())
      try {
        const answer = await this.#questions.ask(question, AbortSignal.any([signal, opened.signal]))
        const text = answer?.texts[0]
        if (text === undefined) return false
        await this.#vault.unlock(text)
        return true
      } catch (error) {
        if (opened.signal.aborted && (await this.#vault.state()) === 'unlocked') return true
        if (!(error instanceof AppError) || error.code !== 'vault.wrongPassphrase') throw error
      }
    }
  }

  async #assertUsed(): Promise<void> {
    if ((await this.#system.unavailable()) === null) throw new AppError('vault.notUsed')
  }
}
