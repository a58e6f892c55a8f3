import { KeyObject, randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Client } from 'ssh2'
import { describe, expect, it } from 'vitest'
import { keepKeysReady } from '#main/links/ready-keys.ts'

describe('the keys of a connection', () => {
  const clientWith = (protocol: object) => Object.assign(new EventEmitter(), { _protocol: protocol })

  it('are made ready after each exchange of keys', () => {
    const protocol = {
      _cipher: { _encKey: randomBytes(16) as unknown },
      _decipher: { _decipherKey: randomBytes(16) as unknown },
    }
    const client = clientWith(protocol)
    keepKeysReady(client as unknown as Client)
    for (let time = 0; time < 2; time++) {
      const bytes = randomBytes(16)
      protocol._cipher = { _encKey: bytes }
      client.emit('handshake')
      expect((protocol._cipher._encKey as KeyObject).export()).toEqual(bytes)
      expect(protocol._decipher._decipherKey).toBeInstanceOf(KeyObject)
    }
  })

  it('are left alone where the cipher keeps none', () => {
    const protocol = { _cipher: { _macKey: randomBytes(16) } }
    const client = clientWith(protocol)
    keepKeysReady(client as unknown as Client)
    client.emit('handshake')
    expect(Object.keys(protocol._cipher)).toEqual(['_macKey'])
  })
})
