import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AppError } from '#engine/protocol/errors/index.ts'
import { fingerprint, isNamed, keyTypeOf, knownHostName, parseKnownHosts, type KnownHost } from './known-hosts.ts'

export type HostKeyVerdict =
  | { readonly kind: 'known' }
  /** `hasAuthority`: the name is covered by a certificate authority, whose certificates are not asked for here. */
  | { readonly kind: 'new'; readonly hasAuthority: boolean }
  | { readonly kind: 'changed'; readonly known: string; readonly place: string }
  | { readonly kind: 'revoked'; readonly place: string }

/** Signature algorithms of the keys that a file may hold, the preferred first. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
}

/**
 * The keys of hosts: a file of the workbench's own, which is written, and the user's files, which are only read. What
 * stands in the own file about a name counts before the others, because it was accepted here; a revoked key is refused
 * wherever it is marked.
 */
export class HostKeyStore {
  readonly #own: string
  readonly #others: readonly string[]
  /** Changes wait for each other, so that none overwrites another. */
  #last: Promise<unknown> = Promise.resolve()

  /** `own` is created with the first key; files that are not there count as empty. */
  constructor(own: string, others: readonly string[]) {
    this.#own = own
    this.#others = others
  }

  async check(address: string, port: number, key: Buffer): Promise<HostKeyVerdict> {
    const encoded = key.toString('base64')
    const isSame = (entry: KnownHost) => sameKey(entry.key, encoded)
    const entries = await this.#named(address, port)
    const revoked = entries.find((entry) => entry.marker === 'revoked' && isSame(entry))
    if (revoked) return { kind: 'revoked', place: place(revoked) }
    const keys = entries.filter(({ marker }) => marker === null)
    const own = keys.filter(({ file }) => file === this.#own)
    const asked = own.length > 0 ? own : keys
    if (asked.some(isSame)) return { kind: 'known' }
    const other = asked.find(({ keyType }) => keyType === keyTypeOf(key)) ?? asked[0]
    if (!other) return { kind: 'new', hasAuthority: entries.some(({ marker }) => marker === 'cert-authority') }
    return { kind: 'changed', known: fingerprint(Buffer.from(other.key, 'base64')), place: place(other) }
  }

  /**
   * The host key algorithms to ask for, those of known keys first: a host with several keys must not look changed
   * because it shows another one than last time.
   */
  async algorithms(address: string, port: number): Promise<string[]> {
    const known = (await this.#named(address, port))
      .filter(({ marker }) => marker === null)
      .flatMap(({ keyType }) => ALGORITHMS[keyType] ?? [])
    return [...new Set([...known, ...Object.values(ALGORITHMS).flat()])]
  }

  /** Writes a key into the own file, in place of the plain entries that it has for this very name. */
  trust(address: string, port: number, key: Buffer): Promise<void> {
    const name = knownHostName(address, port)
    return this.#change((text) => {
      const replaced = new Set(
        parseKnownHosts(text, this.#own).flatMap(({ marker, names, line }) =>
          marker === null && isNamed(names, name) ? [line] : [],
        ),
      )
      const kept = text.split('\n').filter((line, index) => line.trim() !== '' && !replaced.has(index + 1))
      return [...kept, `${name} ${keyTypeOf(key)} ${key.toString('base64')}`, ''].join('\n')
    })
  }

  async #named(address: string, port: number): Promise<KnownHost[]> {
    const name = knownHostName(address, port)
    const files = await Promise.all(
      [this.#own, ...this.#others].map(async (file) => parseKnownHosts(await readText(file), file)),
    )
    return files.flat().filter(({ names }) => isNamed(names, name))
  }

  #change(edit: (text: string) => string): Promise<void> {
    const change = this.#last.then(async () => {
      try {
        await replaceFile(this.#own, edit(await readText(this.#own)))
      } catch (cause) {
        throw new AppError('knownHosts.unwritable', { path: this.#own, reason: (cause as Error).message }, { cause })
      }
    })
    // The next change waits for this one whether it fails or not; who asked for this one is told.
    this.#last = change.catch(() => undefined)
    return change
  }
}

const place = ({ file, line }: KnownHost): string => `${file}:${line}`

/** Base64 may be padded or not. */
const sameKey = (a: string, b: string): boolean => a.replace(/=+$/, '') === b.replace(/=+$/, '')

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return ''
    throw error
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.tmp`
  try {
    await using file = await open(temporary, 'w', 0o600)
    await file.writeFile(text)
    await file.sync()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
