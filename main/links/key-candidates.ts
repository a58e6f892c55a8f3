import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import ssh2, { type ParsedKey } from 'ssh2'
import type { Candidate, CandidateSources } from './auth-candidates.ts'
import { flawOf, readCertificate } from './certificate.ts'
import { certifiedKey } from './certified-key.ts'
import { readPrivateKey } from './private-key.ts'
import type { AskedSecret } from './secret-asker.ts'

const PASSPHRASE_TIMES = 3
const CERTIFICATE_FILE = /-cert\.pub$/

/**
 * Key files in their order, each after the certificate that lies beside it as `<key>-cert.pub`. A certificate that is
 * named itself belongs to the key beside it, else to the one of the others that it is about.
 *
 * @param isNamed files that were named must be there; the usual places may be empty
 */
export function keyCandidates(sources: CandidateSources, paths: readonly string[], isNamed: boolean): Candidate[] {
  const keys = paths.filter((path) => !CERTIFICATE_FILE.test(path))
  return paths.flatMap((path) => {
    if (CERTIFICATE_FILE.test(path)) {
      const own = path.replace(CERTIFICATE_FILE, '')
      return [certificateCandidate(sources, path, [...new Set([own, ...keys])], true)]
    }
    const beside = `${path}-cert.pub`
    const certified = paths.includes(beside) ? [] : [certificateCandidate(sources, beside, [path], false)]
    return [...certified, keyCandidate(sources, path, isNamed)]
  })
}

function keyCandidate(sources: CandidateSources, path: string, isNamed: boolean): Candidate {
  return {
    method: 'key',
    wire: 'publickey',
    detail: () => basename(path),
    async prepare() {
      const opened = await openKey(sources, path)
      if (opened.kind === 'missing') return { kind: 'skip', reason: isNamed ? opened.reason : null }
      if (opened.kind === 'unusable') return { kind: 'skip', reason: opened.reason }
      return { kind: 'try', method: { type: 'publickey', username: sources.settings.user, key: opened.key } }
    },
  }
}

function certificateCandidate(
  sources: CandidateSources,
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
      if (certificate === null) return { kind: 'skip', reason: 'not a certificate of a kind that is known here' }
      const flaw = flawOf(certificate, sources.now())
      if (flaw !== null) return { kind: 'skip', reason: flaw }
      for (const key of keys) {
        // The public half tells without a passphrase that a key is another one.
        const beside = await publicHalf(key)
        if (beside !== null && !beside.equals(certificate.publicKey)) continue
        const opened = await openKey(sources, key)
        if (opened.kind !== 'usable' || !opened.key.getPublicSSH().equals(certificate.publicKey)) continue
        const certified = certifiedKey(opened.key, certificate)
        return { kind: 'try', method: { type: 'publickey', username: sources.settings.user, key: certified } }
      }
      return { kind: 'skip', reason: `no private key for the certificate: ${keys.map((key) => basename(key)).join(', ')}` }
    },
  }
}

type OpenedKey =
  | { readonly kind: 'usable'; readonly key: ParsedKey }
  | { readonly kind: 'missing' | 'unusable'; readonly reason: string }

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
