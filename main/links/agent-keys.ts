import type { Duplex } from 'node:stream'
import ssh2, { type BaseAgent, type KnownPublicKeys, type ParsedKey, type SigningRequestOptions } from 'ssh2'
import { keyOf, parseCertificate } from './certificate.ts'
import { certifiedKey, partsOf } from './certified-key.ts'

type KeysCallback = (error?: Error | null, keys?: KnownPublicKeys<ParsedKey>) => void
type SignCallback = (error?: Error | null, signature?: Buffer) => void

/** Numbers of messages (draft-ietf-sshm-ssh-agent §8). */
const REQUEST_IDENTITIES = 11
const IDENTITIES_ANSWER = 12
/** An agent with more than this has gone wrong. */
const MAX_ANSWER_BYTES = 1 << 20

/**
 * The keys that an agent holds, those with a certificate first, as OpenSSH tries them. Asked without the library, which
 * leaves certificates out. Rejects when the agent cannot be asked.
 */
export async function agentKeys(agent: BaseAgent): Promise<ParsedKey[]> {
  const identities = parseIdentities(await ask(agent))
  const keys = identities.flatMap(({ blob, comment }) => {
    const certificate = parseCertificate(blob)
    const plain = certificate ? keyOf(certificate) : (ssh2.utils.parseKey(blob) as ParsedKey | Error)
    if (plain === null || plain instanceof Error) return []
    plain.comment ||= comment
    return [certificate ? certifiedKey(plain, certificate) : plain]
  })
  return [...keys.filter(partsOf), ...keys.filter((key) => !partsOf(key))]
}

/** An agent that offers only the keys chosen: servers end a connection after a few refused ones. */
export class ChosenKeys extends ssh2.BaseAgent {
  readonly #agent: BaseAgent
  readonly #keys: ParsedKey[]

  constructor(agent: BaseAgent, keys: readonly ParsedKey[]) {
    super()
    this.#agent = agent
    this.#keys = [...keys]
  }

  override getIdentities(callback: KeysCallback): void {
    callback(null, this.#keys)
  }

  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback
    const parts = partsOf(key)
    if (!parts) this.#agent.sign(key, data, typeof options === 'function' ? {} : options, done)
    else {
      // The agent knows it by its certificate; the hash that is asked for goes by the kind of the plain key.
      const { hash, blob } = parts.certificate
      const known = Object.create(parts.key, { getPublicSSH: { value: () => blob } }) as ParsedKey
      this.#agent.sign(known, data, hash === 'sha512' ? { hash } : {}, done)
    }
  }
}

interface Identity {
  readonly blob: Buffer
  readonly comment: string
}

/** The answer to the question what an agent holds. */
async function ask(agent: BaseAgent): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  if (!agent.getStream) throw new Error('it cannot be talked to')
  agent.getStream((error, opened) => (error || !opened ? reject(error ?? new Error('no connection')) : resolve(opened)))
  const stream = await promise
  stream.write(Buffer.from([0, 0, 0, 1, REQUEST_IDENTITIES]))
  let answer = Buffer.alloc(0)
  // Leaving the loop closes the stream.
  for await (const part of stream) {
    answer = Buffer.concat([answer, part as Buffer])
    if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0)) return answer.subarray(4)
    if (answer.length > MAX_ANSWER_BYTES) throw new Error('its answer is too long')
  }
  throw new Error('it closed the connection')
}

function parseIdentities(answer: Buffer): Identity[] {
  if (answer[0] !== IDENTITIES_ANSWER) throw new Error('it refuses to tell its keys')
  let at = 5
  const field = (): Buffer => {
    const length = answer.readUInt32BE(at)
    at += 4 + length
    return answer.subarray(at - length, at)
  }
  return Array.from({ length: answer.readUInt32BE(1) }, () => ({ blob: field(), comment: field().toString('utf8') }))
}
