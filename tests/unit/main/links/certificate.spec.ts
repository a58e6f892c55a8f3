import { describe, expect, it } from 'vitest'
import { flawOf, keyOf, parseCertificate, readCertificate, type Certificate } from '#main/links/certificate.ts'

/** Made by ssh-keygen -s, for root and admin, for the year 2026. */
const TEXT = `ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIHCYmNaovMZCMxooHA+It2uXu9KlxOdUF5Ey6v3W1wrQAAAAID27AuUYceP7PSYWLPOGxdpoerI14Y3sob3t09oaSNkpAAAAAAAAAAAAAAABAAAAEHNvbWVib2R5QGV4YW1wbGUAAAARAAAABHJvb3QAAAAFYWRtaW4AAAAAaVW5AAAAAABrNuyAAAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdwZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgUv77IoF8YhkU9Cd671+cfnWX8Zj5uaAXjWs2YQiQBscAAABTAAAAC3NzaC1lZDI1NTE5AAAAQBbgSYopx7LkYcwtDL/0CpVU0WLKALAtVuAkkhHOvCaXPJRqhsbYRf/Ti4JAgmZr/IP6SR+wfNciH+7gzbpXgQU= me\n`
const PUBLIC_KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAID27AuUYceP7PSYWLPOGxdpoerI14Y3sob3t09oaSNkp'

const certificate = (): Certificate => readCertificate(TEXT) ?? expect.unreachable()

describe('a certificate of OpenSSH', () => {
  it('tells whose key it is about and when it holds', () => {
    expect(certificate()).toMatchObject({
      algorithm: 'ssh-ed25519-cert-v01@openssh.com',
      signature: 'ssh-ed25519',
      isForUsers: true,
      keyId: 'somebody@example',
      validFrom: Date.UTC(2026, 0, 1),
      validUntil: Date.UTC(2027, 0, 1),
    })
    expect(certificate().publicKey.toString('base64')).toBe(PUBLIC_KEY)
    expect(keyOf(certificate())?.getPublicSSH().toString('base64')).toBe(PUBLIC_KEY)
  })

  it('is of no use before and after its time, and for hosts', () => {
    expect(flawOf(certificate(), Date.UTC(2026, 5, 1))).toBeNull()
    expect(flawOf(certificate(), Date.UTC(2025, 5, 1))).toBe(
      'the certificate is valid from 2026-01-01T00:00:00.000Z on',
    )
    expect(flawOf(certificate(), Date.UTC(2027, 0, 1))).toBe('the certificate was valid until 2027-01-01T00:00:00.000Z')
    expect(flawOf({ ...certificate(), isForUsers: false }, 0)).toBe('a certificate for hosts, not for users')
  })

  it('is not made of anything else, nor of a part of one', () => {
    expect(readCertificate(`ssh-ed25519 ${PUBLIC_KEY} me`)).toBeNull()
    expect(readCertificate('')).toBeNull()
    expect(readCertificate('sk-ssh-ed25519-cert-v01@openssh.com AAAA')).toBeNull()
    expect(parseCertificate(Buffer.from(PUBLIC_KEY, 'base64'))).toBeNull()
    const { blob } = certificate()
    const untilValid = blob.indexOf('permit-X11-forwarding') - 16
    for (let length = 0; length < untilValid; length++) expect(parseCertificate(blob.subarray(0, length))).toBeNull()
  })
})
