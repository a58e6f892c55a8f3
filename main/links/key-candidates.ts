import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import ssh2, { type ParsedKey } from 'ssh2'
import type { Candidate, CandidateSources } from './auth-candidates.ts'
import { flawOf, readCertificate } from './certificate.ts'
import { certifiedKey } from './certified-key.ts'
import { readPrivateKey } from './private-key.ts'
import type { AskedSecret } from './secret-asker.ts'

const PASSPHRASE_TIMES = 3
/** A private key is never called so; what is in it tells whether it is a certificate. */
const CERTIFICATE_FILE = /(-cert)?\.pub$/

/**
 * Key files in their order, each after the certificate that lies beside it as `<key>-cert.pub`. A certificate that is
 * named itself belongs to the key beside it, else to the one of the others that it is about.
 *
 * @param named files that must be there
 * @param usual places that may be empty, looked at where no key is named
 */
export function keyCandidates(
  sources: CandidateSources,
  named: readonly string[],
  usual: readonly string[],
): Candidate[] {
  const certificates = named.filter((path) => CERTIFICATE_FILE.test(path))
  const isUsual = certificates.length === named.length
  const keys = isUsual ? usual : named.filter((path) => !CERTIFICATE_FILE.test(path))
  const open = opener(sources)
  return [...named, ...(isUsual ? usual : [])].flatMap((path) => {
    if (CERTIFICATE_FILE.test(path)) {
      const own = path.replace(CERTIFICATE_FILE, '')
      return [certificateCandidate(sources, open, path, [...new Set([own, ...keys])], true)]
    }
    const beside = `${path}-cert.pub`
    const certified = certificates.includes(beside) ? [] : [certificateCandidate(sources, open, beside, [path], false)]
    return [...certified, keyCandidate(sources, open, path, !isUsual)]
  })
}

function keyCandidate(sources: CandidateSources, open: OpenKey, path: string, isNamed: boolean): Candidate {
  return {
    method: 'key',
    wire: 'publickey',
    detail: () => basename(path),
    async prepare() {
      const opened = await open(path)
      if (opened.kind !== 'usable') {
        return { kind: 'skip', reason: isNamed || opened.kind === 'unusable' ? opened.reason : null }
      }
      return { kind: 'try', method: { type: 'publickey', username: sources.settings.user, key: opened.key } }
    },
  }
}

function certificateCandidate(
  sources: CandidateSources,
  open: OpenKey,
  path: string,
  keys: readonly string[],
  isNamed: boolean,
): Candidate {
  return {
    method: 'key',
    wire: 'publickey',
    detail: () => basename(path),
    async prepare() {
      const text = await readOr(path)
      if (typeof text !== 'string') return { kind: 'skip', reason: isNamed ? text.reason : null }
      const certificate = readCertificate(text)
      if (certificate === null) return { kind: 'skip', reason: 'no certificate of a kind that is known here' }
      const flaw = flawOf(certificate, sources.now())
      if (flaw !== null) return { kind: 'skip', reason: flaw }
      for (const key of keys) {
        // The public half tells without a passphrase that a key is another one.
        const beside = await publicHalf(key)
        if (beside !== null && !beside.equals(certificate.publicKey)) continue
        const opened = await open(key)
        if (opened.kind !== 'usable' || !opened.key.getPublicSSH().equals(certificate.publicKey)) continue
        const certified = certifiedKey(opened.key, certificate)
        return { kind: 'try', method: { type: 'publickey', username: sources.settings.user, key: certified } }
      }
      return {
        kind: 'skip',
        reason: `no private key for the certificate: ${keys.map((key) => basename(key)).join(', ')}`,
      }
    },
  }
}

type OpenedKey =
  | { readonly kind: 'usable'; readonly key: ParsedKey }
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'unusable'; readonly reason: string }

type OpenKey = (path: string) => Promise<OpenedKey>

/** Opens each key once, so that a passphrase is asked for once for a key with and without its certificate. */
function opener(sources: CandidateSources): OpenKey {
  const opened = new Map<string, Promise<OpenedKey>>()
  return (path) => {
    const known = opened.get(path) ?? openKey(sources, path)
    opened.set(path, known)
    return known
  }
}

/** A private key, with its passphrase asked for when it has one that is not known yet. */
async function openKey({ host, asker }: CandidateSources, path: string): Promise<OpenedKey> {
  const content = await readOr(path)
  if (typeof content !== 'string') return { kind: 'missing', reason: content.reason }
  let used: AskedSecret | null = null
  let reading = readPrivateKey(content)
  for (let time = 0; reading.kind === 'encrypted' || reading.kind === 'wrongPassphrase'; time++) {
    if (time === PASSPHRASE_TIMES) return { kind: 'unusable', reason: 'the passphrase is wrong' }
    used = await asker.secret(`passphrase:${path}`, { kind: 'passphrase', path }, time > 0)
    reading = readPrivateKey(content, used.secret.reveal())
  }
  if (reading.kind === 'unusable') return reading
  if (used) await asker.keep(host, `passphrase:${path}`, used)
  return reading
}

/** The public key beside a private one, `null` where there is none that can be read. */
export async function publicHalf(path: string): Promise<Buffer | null> {
  const text = await readFile(path.endsWith('.pub') ? path : `${path}.pub`, 'utf8').catch(() => null)
  if (text === null) return null
  const certificate = readCertificate(text)
  if (certificate) return certificate.publicKey
  const parsed = ssh2.utils.parseKey(text) as ParsedKey | Error
  return parsed instanceof Error ? null : parsed.getPublicSSH()
}

async function readOr(path: string): Promise<string | { readonly reason: string }> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    return { reason: `cannot be read: ${(error as NodeJS.ErrnoException).code}` }
  }
}
