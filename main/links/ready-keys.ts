import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Client } from 'ssh2'

/** The inner side of the library's client that is touched here. */
interface Inside {
  readonly _protocol?: {
    readonly _cipher?: { _encKey?: Buffer | KeyObject }
    readonly _decipher?: { _decipherKey?: Buffer | KeyObject }
  }
}

/**
 * Hands the keys of AES-GCM over as objects that are made once. The library gives bytes with each packet, which takes
 * the system longer than to encrypt it. With a version of it that looks different inside nothing changes.
 */
export function keepKeysReady(client: Client): void {
  // Again after each exchange of keys, which makes new ciphers.
  client.on('handshake', () => {
    const { _cipher: cipher, _decipher: decipher } = (client as Inside)._protocol ?? {}
    if (Buffer.isBuffer(cipher?._encKey)) cipher._encKey = createSecretKey(cipher._encKey)
    if (Buffer.isBuffer(decipher?._decipherKey)) decipher._decipherKey = createSecretKey(decipher._decipherKey)
  })
}
