import ssh2, { type BaseAgent, type KnownPublicKeys, type ParsedKey, type SigningRequestOptions } from 'ssh2'

type KeysCallback = (error?: Error | null, keys?: KnownPublicKeys<ParsedKey>) => void
type SignCallback = (error?: Error | null, signature?: Buffer) => void

/** The keys that an agent holds, parsed. Rejects when the agent cannot be asked. */
export async function agentKeys(agent: BaseAgent): Promise<ParsedKey[]> {
  const { promise, resolve, reject } = Promise.withResolvers<ParsedKey[]>()
  agent.getIdentities((error, keys) => {
    if (error) return reject(error)
    resolve(
      (keys ?? []).flatMap((entry) => {
        const parsed = ssh2.utils.parseKey(entry as Buffer) as ParsedKey | ParsedKey[] | Error
        const key = Array.isArray(parsed) ? parsed[0] : parsed
        return key && !(key instanceof Error) ? [key] : []
      }),
    )
  })
  return await promise
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
    if (typeof options === 'function') this.#agent.sign(key, data, options)
    else this.#agent.sign(key, data, options, callback)
  }
}
