import type { Client, ParsedKey } from 'ssh2'
import type { Certificate } from './certificate.ts'

/** Keys made by `certifiedKey`. */
const certificates = new WeakMap<ParsedKey, { readonly certificate: Certificate; readonly key: ParsedKey }>()

/**
 * A key that is shown with its certificate. The library takes it for an ordinary one; a client that is to log in with it
 * has to go through `allowCertificates`.
 */
export function certifiedKey(key: ParsedKey, certificate: Certificate): ParsedKey {
  const { algorithm, blob, hash, signature } = certificate
  const certified = Object.create(key, {
    type: { value: algorithm },
    getPublicSSH: { value: () => blob },
    sign: {
      value: (data: Buffer) => {
        const signed = key.sign(data, hash) as Buffer | Error
        return signed instanceof Error || !signature.startsWith('ecdsa-') ? signed : fromDer(signed)
      },
    },
  }) as ParsedKey
  certificates.set(certified, { certificate, key })
  return certified
}

/** What a certified key is made of; undefined for any other key. */
export const partsOf = (key: ParsedKey): { readonly certificate: Certificate; readonly key: ParsedKey } | undefined =>
  certificates.get(key)

type Sign = (data: Buffer, done: (signature: Buffer) => void) => void
type AuthenticateByKey = (user: string, key: ParsedKey, algorithm: string | undefined, sign?: Sign) => void

/** The inner side of the library's client that is gone around here. */
interface Inside {
  readonly _protocol?: {
    authPK: AuthenticateByKey
    readonly _authsQueue: string[]
    readonly _cipher: { encrypt(packet: Buffer): void }
    readonly _packetRW: {
      readonly write: { readonly allocStart: number; alloc(bytes: number): Buffer; finalize(packet: Buffer): Buffer }
    }
  }
}

/**
 * Lets a client that has begun to connect log in with certified keys. The library would name the certificate's algorithm
 * in the signature, where servers expect that of the plain key, so the signed request is put together here. With a
 * version of the library that looks different inside certificates are refused by the server, and nothing else changes.
 */
export function allowCertificates(client: Client): void {
  const protocol = (client as Inside)._protocol
  if (typeof protocol?.authPK !== 'function') return
  const ask = protocol.authPK.bind(protocol)
  protocol.authPK = (user, key, algorithm, sign) => {
    const parts = certificates.get(key)
    if (!parts || !sign) return ask(user, key, algorithm, sign)
    ask(user, key, algorithm, (data, _done) => {
      sign(data, (signature) => {
        // What was signed is the id of the session and the request up to the signature (RFC 4252 §7).
        const request = data.subarray(4 + data.readUInt32BE(0))
        const proof = strings(strings(Buffer.from(parts.certificate.signature), signature))
        const { write } = protocol._packetRW
        const packet = write.alloc(request.length + proof.length)
        packet.set(request, write.allocStart)
        packet.set(proof, write.allocStart + request.length)
        // Its answer is to be read as one about a key.
        protocol._authsQueue.push('publickey')
        protocol._cipher.encrypt(write.finalize(packet))
      })
    })
  }
}

/** Each with its length before it. */
function strings(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(part.length)
      return [length, part]
    }),
  )
}

/** Two numbers as ASN.1 has them, in the form of RFC 5656 §3.1.2: both keep a zero before a leading one bit. */
function fromDer(signature: Buffer): Buffer {
  // A sequence (its length takes a second byte in the longest signatures) of two integers.
  let at = (signature[1] ?? 0) > 0x7f ? 3 : 2
  const integer = (): Buffer => {
    const length = signature[at + 1] ?? 0
    const value = signature.subarray(at + 2, at + 2 + length)
    at += 2 + length
    return value
  }
  return strings(integer(), integer())
}
