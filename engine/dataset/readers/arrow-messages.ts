/** What is needed of an encapsulated Arrow message: its kind and the length of the body after it. */
export interface MessageHead {
  readonly kind: 'schema' | 'dictionary' | 'batch' | 'other'
  readonly bodyLength: number
}

const KINDS = ['other', 'schema', 'dictionary', 'batch'] as const

/**
 * Reads the flatbuffer of a message (Arrow's Message.fbs: version, header type, header, bodyLength).
 * @throws RangeError where an offset leads outside
 */
export function readMessageHead(metadata: Uint8Array): MessageHead {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength)
  const table = view.getUint32(0, true)
  const vtable = table - view.getInt32(table, true)
  const vtableSize = view.getUint16(vtable, true)
  const field = (index: number): number => {
    const slot = 4 + 2 * index
    return slot < vtableSize ? view.getUint16(vtable + slot, true) : 0
  }
  const type = field(1)
  const body = field(3)
  const bodyLength = body === 0 ? 0 : Number(view.getBigInt64(table + body, true))
  if (!Number.isSafeInteger(bodyLength) || bodyLength < 0) throw new RangeError('a message has an impossible length')
  return { kind: KINDS[type === 0 ? 0 : view.getUint8(table + type)] ?? 'other', bodyLength }
}
