import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RandomFile } from '../../../../../engine/checkpoint/formats/random-file.ts'
import { readSafetensors, safetensorsHeader } from '../../../../../engine/checkpoint/formats/safetensors.ts'
import { failure, storedBytes, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'

function file(header: string, data: number): Buffer {
  const json = Buffer.from(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(data, 1)])
}

async function open(bytes: Uint8Array): Promise<Awaited<ReturnType<typeof readSafetensors>>> {
  using folder = temporaryFolder()
  const path = join(folder.path, 'model.safetensors')
  writeFileSync(path, bytes)
  await using opened = await RandomFile.open(path)
  return await readSafetensors(opened)
}

const refusal = async (bytes: Uint8Array): Promise<string> => (await failure(open(bytes))).code

describe('safetensorsHeader', () => {
  it('writes length, JSON and padding to a multiple of eight', () => {
    const header = Buffer.from(
      safetensorsHeader([
        { name: 'a', shape: [2, 3], dtype: 'bf16' },
        { name: 'b', shape: [], dtype: 'fp32' },
      ]),
    )
    const length = Number(header.readBigUInt64LE(0))
    expect(header.length).toBe(8 + length)
    expect(length % 8).toBe(0)
    expect(JSON.parse(header.subarray(8).toString())).toEqual({
      __metadata__: { format: 'pt' },
      a: { dtype: 'BF16', shape: [2, 3], data_offsets: [0, 12] },
      b: { dtype: 'F32', shape: [], data_offsets: [12, 16] },
    })
  })
})

describe('readSafetensors', () => {
  it('reads what the header writer makes', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'x.safetensors')
    const header = safetensorsHeader([{ name: 'a', shape: [2, 2], dtype: 'fp16' }])
    writeFileSync(path, Buffer.concat([header, Buffer.from([1, 2, 3, 4, 5, 6, 7, 8])]))
    await using opened = await RandomFile.open(path)
    const { tensors, metadata } = await readSafetensors(opened)
    expect(metadata).toEqual({ format: 'pt' })
    expect(tensors).toMatchObject([{ name: 'a', shape: [2, 2], dtype: 'fp16', offset: header.length, strides: [2, 1] }])
    expect([...(await storedBytes(tensors[0]!))]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('accepts empty tensors and any order of names', async () => {
    const header =
      '{"z":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}'
    const { tensors } = await open(file(header, 4))
    expect(tensors.map(({ name }) => name)).toEqual(['z', 'e'])
  })

  it('refuses a header longer than the limit without allocating it', async () => {
    const bytes = Buffer.alloc(16)
    bytes.writeBigUInt64LE(2n ** 62n)
    expect(await refusal(bytes)).toBe('checkpoint.headerTooLong')
  })

  it('refuses a header longer than the file', async () => {
    const bytes = Buffer.alloc(16)
    bytes.writeBigUInt64LE(9_999_999n)
    expect(await refusal(bytes)).toBe('checkpoint.truncated')
  })

  it.each([
    ['an empty file', Buffer.alloc(0), 'checkpoint.truncated'],
    ['a header that is not JSON', file('{"a":', 0), 'checkpoint.headerInvalid'],
    ['a header that is not an object', file('[]', 0), 'checkpoint.headerInvalid'],
    [
      'invalid UTF-8',
      Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([0xff, 0xfe])]),
      'checkpoint.headerInvalid',
    ],
    ['a negative size', file('{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', 4), 'checkpoint.headerInvalid'],
    ['a missing field', file('{"a":{"dtype":"F32","shape":[1]}}', 4), 'checkpoint.headerInvalid'],
    [
      'an unknown dtype',
      file('{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,4]}}', 4),
      'checkpoint.dtypeUnsupported',
    ],
    [
      'offsets that do not fit the shape',
      file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}', 4),
      'checkpoint.tensorSize',
    ],
    ['reversed offsets', file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}', 4), 'checkpoint.tensorSize'],
    [
      'a tensor behind the end',
      file('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 4),
      'checkpoint.truncated',
    ],
    [
      'bytes that no tensor owns',
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 8),
      'checkpoint.tensorOverlap',
    ],
    ['a hole', file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', 8), 'checkpoint.tensorOverlap'],
    [
      'an overlap',
      file(
        '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}',
        12,
      ),
      'checkpoint.tensorOverlap',
    ],
    ['metadata that is not text', file('{"__metadata__":{"a":1}}', 0), 'checkpoint.headerInvalid'],
  ])('refuses %s', async (_name, bytes, code) => {
    expect(await refusal(bytes)).toBe(code)
  })
})
