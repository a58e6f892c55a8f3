import { describe, expect, it } from 'vitest'
import { MAX_PICKLE_BYTES, readPickle } from '../../../../../engine/checkpoint/formats/pickle-read.ts'
import { namespace, OrderedDict, PyFloat, writePickle } from '../../../../../engine/checkpoint/formats/pickle-write.ts'
import {
  namespaceAttributes,
  PyGlobal,
  PyObject,
  PyStorage,
  PyTensor,
  PyTuple,
  type PyValue,
} from '../../../../../engine/checkpoint/formats/python-values.ts'
import { torchTensor } from '../../../../../engine/checkpoint/formats/torch-write.ts'
import { failure } from '../../../../fixtures/checkpoint/helpers.ts'

/**
 * What CPython 3.11 pickles, per protocol, for {'args': Namespace(num_layers=4, big=2**40, huge=2**70, neg=-3, f=1.5,
 * t=True, n=None, l=[1, 'x'], tup=(1, 2, 3, 4), by=b'\x00\xff', s={1}), 'o': o, 'self': [o, o]} where o is
 * OrderedDict(a=1, b='é') with an attribute `_metadata`.
 */
const byProtocol: Record<number, string> = {
  2:
    'gAJ9cQAoWAQAAABhcmdzcQFjYXJncGFyc2UKTmFtZXNwYWNlCnECKYFxA31xBChYCgAAAG51bV9sYXllcnNxBUsEWAMAAABiaWdx' +
    'BooGAAAAAAABWAQAAABodWdlcQeKCQAAAAAAAAAAQFgDAAAAbmVncQhK/f///1gBAAAAZnEJRz/4AAAAAAAAWAEAAAB0cQqIWAEA' +
    'AABucQtOWAEAAABscQxdcQ0oSwFYAQAAAHhxDmVYAwAAAHR1cHEPKEsBSwJLA0sEdHEQWAIAAABieXERY19jb2RlY3MKZW5jb2Rl' +
    'CnESWAMAAAAAw79xE1gGAAAAbGF0aW4xcRSGcRVScRZYAQAAAHNxF2NfX2J1aWx0aW5fXwpzZXQKcRhdcRlLAWGFcRpScRt1YlgB' +
    'AAAAb3EcY2NvbGxlY3Rpb25zCk9yZGVyZWREaWN0CnEdKVJxHihYAQAAAGFxH0sBWAEAAABicSBYAgAAAMOpcSF1fXEiWAkAAABf' +
    'bWV0YWRhdGFxI2gdKVJxJGgOfXElWAcAAAB2ZXJzaW9ucSZLAXNzc2JYBAAAAHNlbGZxJ11xKChoHmgeZXUu',
  3:
    'gAN9cQAoWAQAAABhcmdzcQFjYXJncGFyc2UKTmFtZXNwYWNlCnECKYFxA31xBChYCgAAAG51bV9sYXllcnNxBUsEWAMAAABiaWdx' +
    'BooGAAAAAAABWAQAAABodWdlcQeKCQAAAAAAAAAAQFgDAAAAbmVncQhK/f///1gBAAAAZnEJRz/4AAAAAAAAWAEAAAB0cQqIWAEA' +
    'AABucQtOWAEAAABscQxdcQ0oSwFYAQAAAHhxDmVYAwAAAHR1cHEPKEsBSwJLA0sEdHEQWAIAAABieXERQwIA/3ESWAEAAABzcRNj' +
    'YnVpbHRpbnMKc2V0CnEUXXEVSwFhhXEWUnEXdWJYAQAAAG9xGGNjb2xsZWN0aW9ucwpPcmRlcmVkRGljdApxGSlScRooWAEAAABh' +
    'cRtLAVgBAAAAYnEcWAIAAADDqXEddX1xHlgJAAAAX21ldGFkYXRhcR9oGSlScSBoDn1xIVgHAAAAdmVyc2lvbnEiSwFzc3NiWAQA' +
    'AABzZWxmcSNdcSQoaBpoGmV1Lg==',
  4:
    'gASVHQEAAAAAAAB9lCiMBGFyZ3OUjAhhcmdwYXJzZZSMCU5hbWVzcGFjZZSTlCmBlH2UKIwKbnVtX2xheWVyc5RLBIwDYmlnlIoG' +
    'AAAAAAABjARodWdllIoJAAAAAAAAAABAjANuZWeUSv3///+MAWaURz/4AAAAAAAAjAF0lIiMAW6UTowBbJRdlChLAYwBeJRljAN0' +
    'dXCUKEsBSwJLA0sEdJSMAmJ5lEMCAP+UjAFzlI+UKEsBkHVijAFvlIwLY29sbGVjdGlvbnOUjAtPcmRlcmVkRGljdJSTlClSlCiM' +
    'AWGUSwGMAWKUjALDqZR1fZSMCV9tZXRhZGF0YZRoGilSlGgQfZSMB3ZlcnNpb26USwFzc3NijARzZWxmlF2UKGgbaBtldS4=',
  5:
    'gAWVHQEAAAAAAAB9lCiMBGFyZ3OUjAhhcmdwYXJzZZSMCU5hbWVzcGFjZZSTlCmBlH2UKIwKbnVtX2xheWVyc5RLBIwDYmlnlIoG' +
    'AAAAAAABjARodWdllIoJAAAAAAAAAABAjANuZWeUSv3///+MAWaURz/4AAAAAAAAjAF0lIiMAW6UTowBbJRdlChLAYwBeJRljAN0' +
    'dXCUKEsBSwJLA0sEdJSMAmJ5lEMCAP+UjAFzlI+UKEsBkHVijAFvlIwLY29sbGVjdGlvbnOUjAtPcmRlcmVkRGljdJSTlClSlCiM' +
    'AWGUSwGMAWKUjALDqZR1fZSMCV9tZXRhZGF0YZRoGilSlGgQfZSMB3ZlcnNpb26USwFzc3NijARzZWxmlF2UKGgbaBtldS4=',
}

const read = (bytes: Uint8Array): PyValue => readPickle(bytes, { path: 'x.pt', persistent: () => undefined })
const refusal = (bytes: Uint8Array): Promise<{ code: string; params: Record<string, string | number> }> =>
  failure(Promise.resolve().then(() => read(bytes)))
const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1')

describe('readPickle', () => {
  it.each([2, 3, 4, 5])('reads protocol %i', (protocol) => {
    const root = read(Buffer.from(byProtocol[protocol]!, 'base64')) as Map<PyValue, PyValue>
    const args = namespaceAttributes(root.get('args'))
    expect(Object.fromEntries(args!)).toEqual({
      num_layers: 4,
      big: 2 ** 40,
      huge: 2n ** 70n,
      neg: -3,
      f: 1.5,
      t: true,
      n: null,
      l: [1, 'x'],
      tup: new PyTuple([1, 2, 3, 4]),
      by: new Uint8Array([0, 255]),
      s: new Set([1]),
    })
    const ordered = root.get('o')
    expect(ordered).toEqual(
      new Map<string, PyValue>([
        ['a', 1],
        ['b', 'é'],
      ]),
    )
    expect((root.get('self') as PyValue[]).every((item) => item === ordered)).toBe(true)
  })

  it('reads an enum member written as a call or, by newer Pythons, as getattr', () => {
    const member = new PyObject('megatron.core.enums ModelType', [1])
    expect(read(ascii('\x80\x02cmegatron.core.enums\nModelType\nK\x01\x85R.'))).toEqual(member)
    const text = 'X\x12\0\0\0encoder_or_decoder'
    expect(read(ascii(`\x80\x02c__builtin__\ngetattr\ncmegatron.core.enums\nModelType\n${text}\x86R.`))).toEqual(member)
  })

  it.each([
    ['os.system', '\x80\x02cposix\nsystem\nX\x02\0\0\0ls\x85R.', 'posix.system'],
    ['eval', '\x80\x02c__builtin__\neval\nX\x01\0\0\0' + '1\x85R.', '__builtin__.eval'],
    ['a name with dots', '\x80\x04\x8c\x05torch\x8c\x0dnn.Sequential\x93.', 'torch.nn.Sequential'],
    [
      'getattr of anything else',
      '\x80\x02c__builtin__\ngetattr\nctorch\nfloat16\nX\x01\0\0\0a\x86R.',
      '__builtin__.getattr(…)',
    ],
    ['a dtype called like a function', '\x80\x02ctorch\nfloat16\n)R.', 'torch.float16(…)'],
    ['a codec other than latin1', '\x80\x02c_codecs\nencode\nX\x01\0\0\0aX\x03\0\0\0zip\x86R.', '_codecs.encode(…)'],
  ])('refuses %s and names it', async (_name, pickle, name) => {
    expect(await refusal(ascii(pickle))).toEqual({ code: 'checkpoint.globalForbidden', params: { file: 'x.pt', name } })
  })

  it.each([
    ['nothing', ''],
    ['no STOP', '\x80\x02N'],
    ['an empty stack', '\x80\x02.'],
    ['a protocol of the future', '\x80\x06N.'],
    ['the text opcodes of protocol 0', 'I1\n.'],
    ['an extension code', '\x80\x02\x82\x01.'],
    ['a text longer than the input', '\x80\x02X\xff\xff\xff\xffa.'],
    ['a 64-bit length beyond reason', '\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.'],
    ['an integer of a thousand bytes', `\x80\x02\x8b\xe8\x03\0\0${'\x01'.repeat(1000)}.`],
    ['a memo that was never put', '\x80\x02h\x07.'],
    ['items without a mark', '\x80\x02}u.'],
    ['an odd number of items', '\x80\x02}(Nu.'],
    ['items for a number', '\x80\x02K\x01(NNu.'],
    ['a call of a number', '\x80\x02K\x01)R.'],
    ['attributes for a list', '\x80\x02]}b.'],
    ['a persistent id that is no storage', '\x80\x02NQ.'],
    ['a pop below a mark', '\x80\x02N(0.'],
  ])('refuses %s', async (_name, pickle) => {
    expect((await refusal(ascii(pickle))).code).toBe('checkpoint.pickleInvalid')
  })

  it('stops at limits instead of filling the memory', async () => {
    const dictionaries = Buffer.concat([ascii('\x80\x02'), Buffer.alloc(1_100_000, '}')])
    expect((await refusal(dictionaries)).code).toBe('checkpoint.pickleTooLarge')
    const doubled = Buffer.concat([ascii('\x80\x02N'), Buffer.alloc(1_100_000, '2')])
    expect((await refusal(doubled)).code).toBe('checkpoint.pickleTooLarge')
    const tooLong = { length: MAX_PICKLE_BYTES + 1 } as Uint8Array
    expect((await refusal(tooLong)).code).toBe('checkpoint.pickleTooLarge')
  }, 30_000)

  it('is not confused by a dictionary that contains itself', () => {
    const root = read(ascii('\x80\x02}q\0X\x01\0\0\0ah\0s.')) as Map<PyValue, PyValue>
    expect(root.get('a')).toBe(root)
  })
})

describe('writePickle', () => {
  it('writes the opcodes of protocol 2', () => {
    expect(writePickle(null).toString('latin1')).toBe('\x80\x02N.')
    expect(writePickle([1, 300, 70_000, -1]).toString('latin1')).toBe(
      '\x80\x02](K\x01M\x2c\x01Jp\x11\x01\0J\xff\xff\xff\xffe.',
    )
    expect(writePickle(new PyFloat(3)).toString('latin1')).toBe('\x80\x02G@\x08\0\0\0\0\0\0.')
    expect(writePickle(new PyGlobal('torch float16')).toString('latin1')).toBe('\x80\x02ctorch\nfloat16\n.')
    expect(writePickle(namespace(new Map([['a', true]]))).toString('latin1')).toBe(
      '\x80\x02cargparse\nNamespace\n(t\x81}(X\x01\0\0\0a\x88ub.',
    )
    expect(writePickle(new OrderedDict(new Map())).toString('latin1')).toBe('\x80\x02ccollections\nOrderedDict\n)R.')
  })

  it('writes a tensor as torch does', () => {
    expect(writePickle(torchTensor(7, [2, 3], 'bf16')).toString('latin1')).toBe(
      '\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nBFloat16Storage\nX\x01\0\0\x007' +
        'X\x03\0\0\0cpuK\x06tQK\0(K\x02K\x03t(K\x03K\x01t\x89ccollections\nOrderedDict\n)RtR.',
    )
  })

  it('writes what the reader reads back', () => {
    const storage = new PyStorage('0', 'fp16', 6)
    const bytes = writePickle(
      new Map<string, never>([
        ['tensor', new PyTensor(storage, 'fp16', 0, [2, 3], [3, 1]) as never],
        ['text', '漢字' as never],
        ['big', (2 ** 45) as never],
      ]),
    )
    const root = readPickle(bytes, { path: 'x', persistent: () => storage }) as Map<PyValue, PyValue>
    expect(root.get('tensor')).toEqual(new PyTensor(storage, 'fp16', 0, [2, 3], [3, 1]))
    expect([root.get('text'), root.get('big')]).toEqual(['漢字', 2 ** 45])
  })
})
