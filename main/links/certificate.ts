import ssh2, { type ParsedKey } from 'ssh2'

/** A user certificate of OpenSSH (PROTOCOL.certkeys), as far as it matters for logging in. */
export interface Certificate {
  /** All of it, which is the public key that a server is shown. */
  readonly blob: Buffer
  /** What is proved with the key: the algorithm's name for the certificate, and the one for a signature. */
  readonly algorithm: string
  readonly signature: string
  /** Hash of the signature where the kind of key leaves a choice. */
  readonly hash: string | undefined
  /** Public key that it is about, as OpenSSH writes it without a certificate. */
  readonly publicKey: Buffer
  readonly isForUsers: boolean
  readonly keyId: string
  /** Milliseconds since 1970; Infinity for one that does not end. */
  readonly validFrom: number
  readonly validUntil: number
}

const SUFFIX = '-cert-v01@openssh.com'
/** How many fields the public key of each kind has. */
const KEY_FIELDS: Readonly<Record<string, number>> = {
  'ssh-ed25519': 1,
  'ssh-rsa': 2,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
}
const USER_CERTIFICATE = 1
const FOR_EVER = 2n ** 64n - 1n

/** A certificate from its bytes; null for what is none, or of a kind that is not known here. */
export function parseCertificate(blob: Buffer): Certificate | null {
  try {
    const fields = new Fields(blob)
    const type = fields.string().toString('latin1')
    const kind = type.endsWith(SUFFIX) ? type.slice(0, -SUFFIX.length) : ''
    const count = KEY_FIELDS[kind]
    if (count === undefined) return null
    fields.string() // A random number of the authority's.
    const key = Array.from({ length: count }, () => fields.string())
    fields.uint64() // Serial number.
    const isForUsers = fields.uint32() === USER_CERTIFICATE
    const keyId = fields.string().toString('utf8')
    fields.string() // Names that it is for; the server compares them.
    const [from, until] = [fields.uint64(), fields.uint64()]
    // SHA-1 is not taken any more, and the name of the key's kind would ask for it.
    const signature = kind === 'ssh-rsa' ? 'rsa-sha2-512' : kind
    return {
      blob,
      algorithm: `${signature}${SUFFIX}`,
      signature,
      hash: kind === 'ssh-rsa' ? 'sha512' : undefined,
      publicKey: Buffer.concat([Buffer.from(kind), ...key].map(sshString)),
      isForUsers,
      keyId,
      validFrom: Number(from) * 1000,
      validUntil: until === FOR_EVER ? Infinity : Number(until) * 1000,
    }
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** A certificate from a `-cert.pub` file; null for what is none. */
export function readCertificate(text: string): Certificate | null {
  const [type, encoded] = text.trim().split(/\s+/)
  if (!type?.endsWith(SUFFIX) || encoded === undefined) return null
  return parseCertificate(Buffer.from(encoded, 'base64'))
}

/** Why a server would not take it, or null. */
export function flawOf({ isForUsers, validFrom, validUntil }: Certificate, now: number): string | null {
  const day = (ms: number) => new Date(ms).toISOString()
  if (!isForUsers) return 'a certificate for hosts, not for users'
  if (now < validFrom) return `the certificate is valid from ${day(validFrom)} on`
  if (now >= validUntil) return `the certificate was valid until ${day(validUntil)}`
  return null
}

/** The key that a certificate is about, without its private half. Null when the library does not know its kind. */
export function keyOf({ publicKey, signature }: Certificate): ParsedKey | null {
  const kind = signature.startsWith('rsa-') ? 'ssh-rsa' : signature
  const parsed = ssh2.utils.parseKey(`${kind} ${publicKey.toString('base64')}`) as ParsedKey | Error
  return parsed instanceof Error ? null : parsed
}

const sshString = (data: Buffer): Buffer => {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  return Buffer.concat([length, data])
}

/** Reads fields of RFC 4251 §5. Throws RangeError behind the end. */
class Fields {
  readonly #data: Buffer
  #at = 0

  constructor(data: Buffer) {
    this.#data = data
  }

  string(): Buffer {
    const length = this.uint32()
    if (this.#at + length > this.#data.length) throw new RangeError('behind the end')
    const field = this.#data.subarray(this.#at, this.#at + length)
    this.#at += length
    return field
  }

  uint32(): number {
    const value = this.#data.readUInt32BE(this.#at)
    this.#at += 4
    return value
  }

  uint64(): bigint {
    const value = this.#data.readBigUInt64BE(this.#at)
    this.#at += 8
    return value
  }
}
