import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { AppError } from '#engine/protocol/errors/index.ts'
import { Secret } from '../log/secret.ts'

/** What the operating system offers to encrypt with. The key never leaves it. */
export interface Keychain {
  /** Null when secrets are safe with it, else why not. */
  unavailable(): Promise<string | null>
  encrypt(text: string): Promise<Buffer>
  /** `isStale`: the key was changed; encrypt again. */
  decrypt(data: Buffer): Promise<{ text: string; isStale: boolean }>
}

const Entries = z.record(z.string(), z.base64())
type Entries = z.infer<typeof Entries>

/**
 * Named secrets, encrypted by the system's key store, in a file of their own that only the user can read. Without a key
 * store nothing is kept: `set` throws `secrets.unavailable`, never falls back to plain text.
 */
export class SecretStore {
  readonly #keychain: Keychain
  readonly #path: string
  /** Changes wait for each other, so that none overwrites another. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(keychain: Keychain, path: string) {
    this.#keychain = keychain
    this.#path = path
  }

  /** Null when secrets can be kept, else why not. */
  unavailable(): Promise<string | null> {
    return this.#keychain.unavailable()
  }

  /** Whether there is one of this name; says nothing about whether it can be read now. */
  async has(name: string): Promise<boolean> {
    return Object.hasOwn(await this.#read(), name)
  }

  async names(): Promise<string[]> {
    return Object.keys(await this.#read())
  }

  /** Null when there is none of this name. Throws `secrets.unavailable`. */
  async get(name: string): Promise<Secret | null> {
    await this.#assertAvailable()
    const entry = (await this.#read())[name]
    if (entry === undefined) return null
    const { text, isStale } = await this.#keychain.decrypt(Buffer.from(entry, 'base64'))
    const secret = new Secret(text)
    if (isStale) await this.set(name, secret)
    return secret
  }

  async set(name: string, secret: Secret): Promise<void> {
    await this.#assertAvailable()
    const data = await this.#keychain.encrypt(secret.reveal())
    await this.#change((entries) => ({ ...entries, [name]: data.toString('base64') }))
  }

  /** Does nothing when there is none of this name. */
  async remove(name: string): Promise<void> {
    await this.#change((entries) => Object.fromEntries(Object.entries(entries).filter(([other]) => other !== name)))
  }

  async #assertAvailable(): Promise<void> {
    const reason = await this.#keychain.unavailable()
    if (reason !== null) throw new AppError('secrets.unavailable', { reason })
  }

  #change(edit: (entries: Entries) => Entries): Promise<void> {
    const change = this.#last.then(async () => this.#write(edit(await this.#read())))
    // The next change waits for this one whether it fails or not; who asked for this one is told.
    this.#last = change.catch(() => undefined)
    return change
  }

  async #read(): Promise<Entries> {
    const text = await readFile(this.#path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}'
      throw error
    })
    return Entries.parse(JSON.parse(text))
  }

  async #write(entries: Entries): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    const temporary = `${this.#path}.tmp`
    try {
      const file = await open(temporary, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify(entries))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, this.#path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }
}
