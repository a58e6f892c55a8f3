import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PyWritable } from '../../../../../engine/checkpoint/formats/pickle-write.ts'
import { PyStorage, PyTensor } from '../../../../../engine/checkpoint/formats/python-values.ts'
import { RandomFile } from '../../../../../engine/checkpoint/formats/random-file.ts'
import { readStoredRows } from '../../../../../engine/checkpoint/formats/stored-tensor.ts'
import { readTorch } from '../../../../../engine/checkpoint/formats/torch-read.ts'
import { failure, storedBytes, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'
import { writeTorchFile } from '../../../../fixtures/checkpoint/torch-file.ts'

type Options = Parameters<typeof writeTorchFile>[3]

/** Names and elements (as unsigned 16-bit numbers) of the tensors of a file. */
async function elements(
  structure: PyWritable | Buffer,
  storages: readonly Uint8Array[],
  options?: Options,
): Promise<Record<string, number[]>> {
  using folder = temporaryFolder()
  const path = join(folder.path, 'model.pt')
  writeTorchFile(path, structure, storages, options)
  await using file = await RandomFile.open(path)
  const torch = await readTorch(file)
  const result: Record<string, number[]> = {}
  for (const tensor of torch.tensorsOf(torch.root)) {
    result[tensor.name] = [...new Uint16Array((await storedBytes(tensor)).buffer)]
  }
  return result
}

const numbers = (count: number): Uint8Array => new Uint8Array(new Uint16Array(count).map((_, index) => index).buffer)
const storage = new PyStorage('0', 'fp16', 12)
const tensor = (offset: number, shape: number[], strides: number[]): PyTensor =>
  new PyTensor(storage, 'fp16', offset, shape, strides)

describe('readTorch', () => {
  it('reads views, transposed, expanded and overlapping ones of one storage', async () => {
    const structure = new Map<string, PyWritable>([
      ['whole', tensor(0, [3, 4], [4, 1])],
      ['tail', tensor(6, [2, 3], [3, 1])],
      ['transposed', tensor(0, [4, 3], [1, 4])],
      ['column', tensor(1, [3], [4])],
      ['window', tensor(1, [3, 2], [4, 1])],
      ['expanded', tensor(2, [2, 3], [0, 1])],
      ['scalar', tensor(5, [], [])],
      ['cube', tensor(0, [2, 2, 3], [1, 6, 2])],
      ['none', tensor(0, [0, 4], [4, 1])],
    ])
    expect(await elements(structure, [numbers(12)])).toEqual({
      whole: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
      tail: [6, 7, 8, 9, 10, 11],
      transposed: [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11],
      column: [1, 5, 9],
      window: [1, 2, 5, 6, 9, 10],
      expanded: [2, 3, 4, 2, 3, 4],
      scalar: [5],
      cube: [0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11],
      none: [],
    })
  })

  it('reads ranges of rows of a transposed view', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'x.pt')
    writeTorchFile(path, new Map([['t', tensor(0, [4, 3], [1, 4])]]), [numbers(12)])
    await using file = await RandomFile.open(path)
    const torch = await readTorch(file)
    const bytes = new Uint8Array(12)
    await readStoredRows(torch.tensorsOf(torch.root)[0]!, 1, 3, bytes)
    expect([...new Uint16Array(bytes.buffer)]).toEqual([1, 5, 9, 2, 6, 10])
  })

  it('joins the names of nested dictionaries and skips what is no tensor', async () => {
    const inner = new Map<string, PyWritable>([
      ['weight', tensor(0, [2], [1])],
      ['_extra_state', null],
      ['note', 'text'],
    ])
    const structure = new Map<string, PyWritable>([['module', new Map([['layer', inner]])]])
    expect(await elements(structure, [numbers(12)])).toEqual({ 'module/layer/weight': [0, 1] })
  })

  it('takes storages of any device, untyped ones too, and the wrapper of torch_npu', async () => {
    const id = (type: string, count: string): string =>
      `(X\x07\0\0\0storagec${type}X\x01\0\0\x000X\x05\0\0\0npu:3${count}tQ`
    const rest = 'K\x00K\x02\x85K\x01\x85\x89}'
    const calls = [
      `X\x01\0\0\0actorch_npu.utils.storage\n_rebuild_npu_tensor\n(${id('torch\nHalfStorage\n', 'K\x0c')}${rest}K\x02tR`,
      `X\x01\0\0\0bctorch._utils\n_rebuild_tensor_v3\n(${id('torch.storage\nUntypedStorage\n', 'K\x18')}${rest}ctorch\nbfloat16\ntR`,
      `X\x01\0\0\0cctorch._utils\n_rebuild_parameter\n(ctorch._utils\n_rebuild_tensor_v2\n(${id('torch\nHalfStorage\n', 'K\x0c')}${rest}tR\x88}tR`,
    ]
    const pickle = Buffer.from(`\x80\x02}(${calls.join('')}u.`, 'latin1')
    expect(await elements(pickle, [numbers(12)])).toEqual({ a: [0, 1], b: [0, 1], c: [0, 1] })
  })

  it('finds the folder of a renamed file and accepts little-endian ones', async () => {
    const structure = new Map([['t', tensor(0, [1], [1])]])
    expect(await elements(structure, [numbers(12)], { root: 'elsewhere', byteorder: 'little' })).toEqual({ t: [0] })
  })

  const one = new Map([['t', tensor(0, [3, 4], [4, 1])]])
  it.each<[string, string, PyWritable, Uint8Array[], Options]>([
    ['a big-endian file', 'checkpoint.bigEndian', one, [numbers(12)], { byteorder: 'big' }],
    ['a missing storage', 'checkpoint.zipInvalid', one, [], {}],
    ['a storage cut short', 'checkpoint.tensorRange', one, [numbers(11)], {}],
    ['a view behind its storage', 'checkpoint.tensorRange', new Map([['t', tensor(9, [4], [1])]]), [numbers(12)], {}],
    ['a stride behind its storage', 'checkpoint.tensorRange', new Map([['t', tensor(0, [3], [6])]]), [numbers(12)], {}],
  ])('refuses %s', async (_name, code, structure, storages, options) => {
    expect((await failure(elements(structure, storages, options))).code).toBe(code)
  })

  it('does not walk a structure that multiplies by sharing', async () => {
    // Each of ten levels holds the next one ten times: 10^10 paths to one tensor.
    const memo = (level: number): string => String.fromCharCode(level)
    let pickle = `\x80\x02}q${memo(0)}`
    for (let level = 1; level <= 10; level++) {
      const items = Array.from({ length: 10 }, (_, index) => `K${String.fromCharCode(index)}h${memo(level - 1)}`)
      pickle += `}q${memo(level)}(${items.join('')}u`
    }
    expect((await failure(elements(Buffer.from(`${pickle}.`, 'latin1'), []))).code).toBe('checkpoint.pickleTooLarge')
  })
})
