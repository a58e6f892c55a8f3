import { createPrivateKey } from 'node:crypto'
import ssh2, { type ParsedKey } from 'ssh2'

export type KeyReading =
  | { readonly kind: 'usable'; readonly key: ParsedKey }
  /** A passphrase is needed. */
  | { readonly kind: 'encrypted' }
  /** The passphrase does not fit. */
  | { readonly kind: 'wrongPassphrase' }
  | { readonly kind: 'unusable'; readonly reason: string }

/** A private key as found in a file: OpenSSH's own format, PEM (PKCS#1, SEC1, PKCS#8) or PuTTY's PPK 2. */
export function readPrivateKey(content: string, passphrase?: string): KeyReading {
  if (/^PuTTY-User-Key-File-3:/m.test(content)) {
    return { kind: 'unusable', reason: 'PPK version 3; save it as version 2, or export it as an OpenSSH key' }
  }
  if (/^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/m.test(content)) return readPkcs8(content, passphrase)
  const parsed = ssh2.utils.parseKey(content, passphrase) as ParsedKey | ParsedKey[] | Error
  const key = Array.isArray(parsed) ? parsed[0] : parsed
  if (key instanceof Error) return judge(key.message, passphrase)
  if (!key?.isPrivateKey()) return { kind: 'unusable', reason: 'a public key, the private one is needed' }
  return { kind: 'usable', key }
}

/** The library reads RSA and EC keys in their own PEM forms only, which Node makes from PKCS#8. */
function readPkcs8(content: string, passphrase: string | undefined): KeyReading {
  try {
    const key = createPrivateKey({ key: content, ...(passphrase === undefined ? {} : { passphrase }) })
    const { asymmetricKeyType: type } = key
    if (type === 'rsa') return readPrivateKey(key.export({ type: 'pkcs1', format: 'pem' }).toString())
    if (type === 'ec') return readPrivateKey(key.export({ type: 'sec1', format: 'pem' }).toString())
    return { kind: 'unusable', reason: `PKCS#8 with ${type}; convert it with ssh-keygen -p` }
  } catch (error) {
    const isEncrypted = content.includes('BEGIN ENCRYPTED')
    if (!isEncrypted) return { kind: 'unusable', reason: (error as Error).message }
    return { kind: passphrase === undefined ? 'encrypted' : 'wrongPassphrase' }
  }
}

function judge(message: string, passphrase: string | undefined): KeyReading {
  if (passphrase === undefined) {
    return /encrypted|passphrase/i.test(message) ? { kind: 'encrypted' } : { kind: 'unusable', reason: message }
  }
  // What a wrong passphrase decrypts to is noise, which may fail in any of these ways.
  return /integrity|malformed|bad decrypt|decrypt|passphrase/i.test(message)
    ? { kind: 'wrongPassphrase' }
    : { kind: 'unusable', reason: message }
}
