import { createHash, createHmac } from 'node:crypto'

/** One line of a known_hosts file (format: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export interface KnownHost {
  readonly marker: 'revoked' | 'cert-authority' | null
  /** The names as they stand in the file: patterns, or one hashed name. */
  readonly names: string
  readonly keyType: string
  /** The key, base64. */
  readonly key: string
  readonly file: string
  /** From 1. */
  readonly line: number
}

const HASHED = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/

/** The entries of a file. Lines that are no entries are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split(/\r?\n/).flatMap((content, index) => {
    const words = content.trim().split(/\s+/)
    if (!words[0] || words[0].startsWith('#')) return []
    const marker = words[0].startsWith('@') ? words.shift()?.slice(1) : null
    if (marker !== null && marker !== 'revoked' && marker !== 'cert-authority') return []
    const [names, keyType, key] = words
    if (!names || !keyType || !key || Buffer.from(key, 'base64').length < 8) return []
    return [{ marker, names, keyType, key, file, line: index + 1 }]
  })
}

/** The name of an address in such a file: `[address]:port` unless the port is 22. */
export const knownHostName = (address: string, port: number): string => {
  const name = address.toLowerCase()
  return port === 22 ? name : `[${name}]:${port}`
}

/** Whether the names of an entry stand for a name made by `knownHostName`. A negated pattern that fits rules it out. */
export function isNamed(names: string, name: string): boolean {
  const hashed = HASHED.exec(names)
  if (hashed?.[1] && hashed[2]) {
    const digest = createHmac('sha1', Buffer.from(hashed[1], 'base64')).update(name).digest()
    return digest.equals(Buffer.from(hashed[2], 'base64'))
  }
  let isMatch = false
  for (const pattern of names.split(',')) {
    if (pattern.startsWith('!')) {
      if (fits(pattern.slice(1), name)) return false
    } else if (fits(pattern, name)) isMatch = true
  }
  return isMatch
}

/** `*` stands for any characters, `?` for one. Without regular expressions: a file must not make matching slow. */
export function fits(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase()
  let p = 0
  let star = -1
  let resumeAt = 0
  for (let n = 0; n < name.length;) {
    if (p < wanted.length && wanted[p] === '*') {
      star = p++
      resumeAt = n
    } else if (p < wanted.length && (wanted[p] === '?' || wanted[p] === name[n])) {
      p++
      n++
    } else if (star >= 0) {
      p = star + 1
      n = ++resumeAt
    } else return false
  }
  while (wanted[p] === '*') p++
  return p === wanted.length
}

/** `SHA256:…` as `ssh-keygen -l` shows it. */
export const fingerprint = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** The type that a public key names in its first field (RFC 4253, 6.6). */
export function keyTypeOf(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0
  return length > 0 && length <= 64 && key.length >= 4 + length ? key.toString('latin1', 4, 4 + length) : 'unknown'
}
