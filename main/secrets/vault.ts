import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { AppError } from '#engine/protocol/errors/index.ts'
import { Emitter } from '../emitter.ts'
import type { Keychain } from './secret-store.ts'

/** Parameters of scrypt (RFC 7914). */
export interface VaultCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** scrypt at 128 MiB and about half a second: what OWASP asks for, and still quick to unlock. */
const COST: VaultCost = { N: 1 << 17, r: 8, p: 1 }
const MAX_MEMORY_BYTES = 512 * 1024 * 1024
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
const MIN_CHARACTERS = 8
/** In front of everything the vault has encrypted. */
export const VAULT_MAGIC = Buffer.from('AWBV1')

/** The file: how the key of the vault is derived, and that key, sealed with it. Nothing in it is secret by itself. */
const VaultFile = z.object({
  version: z.literal(1),
  kdf: z.object({
    name: z.literal('scrypt'),
    // Bounds, so that a damaged file cannot ask for all the memory there is.
    N: z
      .number()
      .int()
      .min(1 << 14)
      .max(1 << 18),
    r: z.number().int().min(1).max(16),
    p: z.number().int().min(1).max(4),
    salt: z.base64(),
  }),
  key: z.base64(),
})
type VaultFile = z.infer<typeof VaultFile>

export type VaultState = 'missing' | 'locked' | 'unlocked'

/**
 * An encrypted key store for where the system has none: secrets are sealed with a random key (AES-256-GCM), and that
 * key with one that is derived from a passphrase. The key is in memory while the vault is unlocked, and nowhere else.
 */
export class Vault implements Keychain {
  readonly #path: string
  readonly #cost: VaultCost
  readonly #changed = new Emitter<VaultState>()
  #key: Buffer | null = null
  #state: VaultState | null = null

  /** `cost` is what a new passphrase is derived with; an existing vault says itself what it was made with. */
  constructor(path: string, cost = COST) {
    this.#path = path
    this.#cost = cost
  }

  onChange(listener: (state: VaultState) => void): Disposable {
    return this.#changed.on(listener)
  }

  async state(): Promise<VaultState> {
    return (this.#state ??= (await this.#read()) ? 'locked' : 'missing')
  }

  /** Throws `vault.exists`, `vault.weakPassphrase`. */
  async create(passphrase: string): Promise<void> {
    if (await this.#read()) throw new AppError('vault.exists')
    const key = randomBytes(KEY_BYTES)
    await this.#write(await wrap(key, passphrase, this.#cost))
    this.#enter('unlocked', key)
  }

  /** Throws `vault.missing`, `vault.wrongPassphrase`, `vault.damaged`. */
  async unlock(passphrase: string): Promise<void> {
    const key = await unwrap(await this.#existing(), passphrase)
    this.#enter('unlocked', key)
  }

  async lock(): Promise<void> {
    this.#key?.fill(0)
    this.#enter((await this.#read()) ? 'locked' : 'missing', null)
  }

  /** What is in the vault stays as it is; only the passphrase is another one. */
  async changePassphrase(from: string, to: string): Promise<void> {
    const key = await unwrap(await this.#existing(), from)
    await this.#write(await wrap(key, to, this.#cost))
    this.#enter('unlocked', key)
  }

  async unavailable(): Promise<string | null> {
    return (await this.state()) === 'missing' ? 'no vault has been created' : null
  }

  async encrypt(text: string): Promise<Buffer> {
    return Buffer.concat([VAULT_MAGIC, seal(await this.#open(), Buffer.from(text), VAULT_MAGIC)])
  }

  /** Throws `vault.locked`, and `vault.damaged` for what this vault has not encrypted. */
  async decrypt(data: Buffer): Promise<{ text: string; isStale: boolean }> {
    const key = await this.#open()
    const plain = isSealedByVault(data) ? unseal(key, data.subarray(VAULT_MAGIC.length), VAULT_MAGIC) : null
    if (!plain) throw new AppError('vault.damaged', { path: this.#path, reason: 'a secret is not from this vault' })
    return { text: plain.toString(), isStale: false }
  }

  async #open(): Promise<Buffer> {
    if (this.#key) return this.#key
    throw new AppError((await this.state()) === 'missing' ? 'vault.missing' : 'vault.locked')
  }

  async #existing(): Promise<VaultFile> {
    const file = await this.#read()
    if (!file) throw new AppError('vault.missing')
    return file
  }

  #enter(state: VaultState, key: Buffer | null): void {
    this.#key = key
    this.#state = state
    this.#changed.emit(state)
  }

  async #read(): Promise<VaultFile | null> {
    let text: string
    try {
      text = await readFile(this.#path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
    try {
      return VaultFile.parse(JSON.parse(text))
    } catch (cause) {
      throw new AppError('vault.damaged', { path: this.#path, reason: 'not a vault of this version' }, { cause })
    }
  }

  async #write(file: VaultFile): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    const temporary = `${this.#path}.tmp`
    try {
      await using handle = await open(temporary, 'w', 0o600)
      await handle.writeFile(JSON.stringify(file))
      await handle.sync()
      await rename(temporary, this.#path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  }
}

export const isSealedByVault = (data: Buffer): boolean => data.subarray(0, VAULT_MAGIC.length).equals(VAULT_MAGIC)

async function wrap(key: Buffer, passphrase: string, cost: VaultCost): Promise<VaultFile> {
  if ([...passphrase].length < MIN_CHARACTERS) {
    throw new AppError('vault.weakPassphrase', { characters: MIN_CHARACTERS })
  }
  const kdf = { name: 'scrypt', ...cost, salt: randomBytes(16).toString('base64') } as const
  const sealed = seal(await derive(passphrase, kdf), key, header(kdf))
  return { version: 1, kdf, key: sealed.toString('base64') }
}

async function unwrap({ kdf, key }: VaultFile, passphrase: string): Promise<Buffer> {
  const plain = unseal(await derive(passphrase, kdf), Buffer.from(key, 'base64'), header(kdf))
  if (!plain) throw new AppError('vault.wrongPassphrase')
  return plain
}

/** The header is authenticated with the key, so nobody can make the derivation cheaper unnoticed. */
const header = ({ name, N, r, p, salt }: VaultFile['kdf']): Buffer =>
  Buffer.from(`awb-vault:1:${name}:${N}:${r}:${p}:${salt}`)

function derive(passphrase: string, { N, r, p, salt }: VaultFile['kdf']): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  // The same passphrase typed on another system may come composed in another way.
  const text = passphrase.normalize('NFC')
  const options = { N, r, p, maxmem: MAX_MEMORY_BYTES }
  scrypt(text, Buffer.from(salt, 'base64'), KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
  return promise
}

function seal(key: Buffer, plain: Buffer, associated: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(associated)
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed])
}

/** Null when the key does not fit or the data was changed. */
function unseal(key: Buffer, data: Buffer, associated: Buffer): Buffer | null {
  if (data.length < IV_BYTES + TAG_BYTES) return null
  const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, IV_BYTES)).setAAD(associated)
  decipher.setAuthTag(data.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(data.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
  } catch {
    // What fails here is the authentication: the only thing the cipher has to say.
    return null
  }
}
