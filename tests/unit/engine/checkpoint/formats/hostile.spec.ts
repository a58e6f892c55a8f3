/** Input that was made to hurt: small files that stand for much, and anything else in the place of a structure. */
import { closeSync, ftruncateSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPickle } from '../../../../../engine/checkpoint/formats/pickle-read.ts'
import { writePickle } from '../../../../../engine/checkpoint/formats/pickle-write.ts'
import type { PyValue } from '../../../../../engine/checkpoint/formats/python-values.ts'
import { RandomFile } from '../../../../../engine/checkpoint/formats/random-file.ts'
import { readSafetensors } from '../../../../../engine/checkpoint/formats/safetensors.ts'
import { readTorch } from '../../../../../engine/checkpoint/formats/torch-read.ts'
import { torchTensor } from '../../../../../engine/checkpoint/formats/torch-write.ts'
import { ZipLayout } from '../../../../../engine/checkpoint/formats/zip-write.ts'
import { readStrategy } from '../../../../../engine/checkpoint/mindspore/strategy.ts'
import { AppError } from '../../../../../engine/protocol/errors/index.ts'
import { failure, fixture, storedBytes, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'
import { strategyFile } from '../../../../fixtures/checkpoint/strategy.ts'

const runs = Number(process.env['AWB_FUZZ_RUNS'] ?? 300)

const read = (bytes: Uint8Array): PyValue => readPickle(bytes, { path: 'x.pt', persistent: () => undefined })
const refusal = (bytes: Buffer) => failure(Promise.resolve().then(() => read(bytes)))

/** How much the heap and what lies outside it grew while something ran. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage()
  await work()
  const after = process.memoryUsage()
  return after.heapUsed + after.external - before.heapUsed - before.external
}

const latin = (text: string): Buffer => Buffer.from(text, 'latin1')
const times = (count: number, text: string): Buffer => latin(text.repeat(count))
const text32 = (length: number): Buffer => {
  const header = latin('X\0\0\0\0')
  header.writeUInt32LE(length, 1)
  return Buffer.concat([header, Buffer.alloc(length, 'a')])
}

describe('a pickle that stands for more than it holds', () => {
  it.each([
    [
      'a text that is encoded over and over',
      [
        latin('\x80\x02'),
        text32(4_000_000),
        latin('q\x010'),
        times(1000, 'c_codecs\nencode\nh\x01X\x06\0\0\0latin1\x86R'),
      ],
    ],
    [
      'a list that becomes many dictionaries',
      [
        latin('\x80\x02](NN\x86q\x01'),
        // Pairs whose keys differ, so that each of the dictionaries is as long as the list.
        Buffer.concat(Array.from({ length: 60_000 }, (_, n) => latin(`M${String.fromCharCode(n & 255, n >> 8)}N\x86`))),
        latin('eq\x020'),
        times(2000, 'ccollections\nOrderedDict\nh\x02\x85R'),
      ],
    ],
    [
      'tuples of a value that is doubled',
      [latin('\x80\x02'), ...Array.from({ length: 12 }, () => times(1, `(N${'2'.repeat(900_000)}t`))],
    ],
    ['marks without end', [latin('\x80\x02'), times(3_000_000, '(')]],
  ])(
    'is refused: %s',
    async (_name, parts) => {
      const pickle = Buffer.concat(parts)
      const grown = await growth(async () => {
        expect((await refusal(Buffer.concat([pickle, latin('.')]))).code).toBe('checkpoint.pickleTooLarge')
      })
      expect(grown).toBeLessThan(600 * 2 ** 20)
    },
    30_000,
  )

  it('is refused when a shape has too many axes', async () => {
    const shape = `(${'K\x01'.repeat(100)}t`
    const call = latin(`\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(NK\0${shape}${shape}\x89NtR.`)
    expect((await refusal(call)).code).toBe('checkpoint.globalForbidden')
  })

  it('nests as deep as it likes without deep recursion', () => {
    const depth = 400_000
    const nested = read(Buffer.concat([latin('\x80\x02'), times(depth, ']'), times(depth - 1, 'a'), latin('.')]))
    expect(Array.isArray(nested)).toBe(true)
  })
})

describe('the pickle reader', () => {
  const opcodes = '().012NKMJG}]X\x85\x86\x87qrhjtudseaRbQc\x80\x88\x89\x8a\x8b\x8c\x8e\x8f\x90\x91\x93\x94\x95'
  const piece = fc.oneof(
    fc.constantFrom(...opcodes).map(latin),
    fc
      .constantFrom(
        'ccollections\nOrderedDict\n)R',
        'ctorch\nSize\n',
        'K\x01',
        'X\x01\0\0\0a',
        'q\x01',
        'h\x01',
        '(',
        't',
      )
      .map(latin),
    fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
  )

  it('ends with a value or a coded error for any opcodes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        try {
          read(Buffer.concat([latin('\x80\x02'), ...pieces, latin('.')]))
        } catch (error) {
          if (!(error instanceof AppError)) throw error
        }
      }),
      { seed: 11, numRuns: runs * 10 },
    )
  }, 60_000)
})

describe('a torch file', () => {
  it('of more than 4 GiB is read where its storages are', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'large.pt')
    const large = 2 ** 32 + 4096
    const pickle = writePickle(
      new Map([
        ['a', torchTensor(0, [large / 2], 'fp16')],
        ['b', torchTensor(1, [4], 'fp16')],
      ]),
    )
    // Sparse: nobody writes the four gigabytes.
    const file = openSync(path, 'w')
    const zip = new ZipLayout()
    let position = 0
    const put = (bytes: Uint8Array): void => {
      writeSync(file, bytes, 0, bytes.length, position)
      position += bytes.length
    }
    for (const [name, content] of [
      ['large/data.pkl', pickle],
      ['large/data/0', large],
      ['large/data/1', Buffer.from([1, 2, 3, 4, 5, 6, 7, 8])],
    ] as const) {
      put(zip.begin(name, typeof content === 'number' ? content : content.length))
      if (typeof content === 'number') {
        writeSync(file, Buffer.from([9, 9]), 0, 2, position + content - 2)
        position += content
      } else put(content)
      put(zip.end(0))
    }
    put(zip.finish())
    ftruncateSync(file, position)
    closeSync(file)
    await using opened = await RandomFile.open(path)
    const torch = await readTorch(opened)
    const [a, b] = torch.tensorsOf(torch.root)
    expect([...(await storedBytes(b!))]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(b!.offset).toBeGreaterThan(2 ** 32)
    expect([...(await opened.read(a!.offset + large - 2, 2))]).toEqual([9, 9])
  })

  it('with names longer than any path is refused', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'x.pt')
    const zip = new ZipLayout()
    const pickle = writePickle(new Map([['a'.repeat(5000), torchTensor(0, [1], 'fp16')]]))
    const parts = [zip.begin('x/data.pkl', pickle.length), pickle, zip.end(0)]
    writeFileSync(path, Buffer.concat([...parts, zip.finish()]))
    await using file = await RandomFile.open(path)
    const opened = await readTorch(file)
    expect(() => opened.tensorsOf(opened.root)).toThrow(AppError)
  })
})

describe('a safetensors header', () => {
  it('of many entries takes memory in proportion', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'x.safetensors')
    const entries = Array.from({ length: 300_000 }, (_, n) => `"${n}":{"dtype":"F16","shape":[0],"data_offsets":[0,0]}`)
    const json = Buffer.from(`{${entries.join(',')}}`)
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(json.length))
    writeFileSync(path, Buffer.concat([length, json]))
    await using file = await RandomFile.open(path)
    const grown = await growth(async () => expect((await readSafetensors(file)).tensors).toHaveLength(entries.length))
    expect(grown).toBeLessThan(json.length * 60)
  }, 30_000)
})

describe('the strategy reader', () => {
  const items = {
    'model.a': { devMatrix: [2, 4], tensorMap: [0, -1] },
    'model.b': { devMatrix: [2, 4], tensorMap: [-1, 1], shards: [1, 2] as const },
  }
  const json = Buffer.from(
    JSON.stringify({
      parallel_strategy_item: { op: { parallel_strategys: { stage: 0 } } },
      parallel_layout_item: { a: { dev_matrix: [2, 2], tensor_map: [1, -1], opt_weight_shard_size: 0 } },
    }),
  )

  it.each([
    ['strategy.ckpt', strategyFile(0, items)],
    ['strategy.json', json],
  ])(
    'survives changed and cut files and noise, %s',
    async (name, original) => {
      using folder = temporaryFolder()
      const path = join(folder.path, name)
      const change = fc.record({
        at: fc.integer({ min: 0, max: original.length - 1 }),
        bytes: fc.uint8Array({ maxLength: 6 }),
        isCut: fc.integer({ min: 0, max: 5 }).map((roll) => roll === 0),
      })
      const survives = async (bytes: Uint8Array): Promise<void> => {
        writeFileSync(path, bytes)
        try {
          await readStrategy(path)
        } catch (error) {
          if (!(error instanceof AppError)) throw error
        }
      }
      await fc.assert(
        fc.asyncProperty(fc.array(change, { maxLength: 4 }), fc.uint8Array({ maxLength: 80 }), async (list, noise) => {
          const bytes = Buffer.from(original)
          let length = bytes.length
          for (const { at, bytes: values, isCut } of list) {
            Buffer.from(values).copy(bytes, at)
            if (isCut) length = Math.min(length, at)
          }
          await survives(bytes.subarray(0, length))
          await survives(noise)
        }),
        { seed: 12, numRuns: runs },
      )
    },
    60_000,
  )

  it('is not fooled by a number of devices that cannot be', async () => {
    using folder = temporaryFolder()
    const path = join(folder.path, 'strategy.ckpt')
    writeFileSync(path, strategyFile(0, { a: { devMatrix: Array.from({ length: 40 }, () => 1000), tensorMap: [0] } }))
    expect((await failure(readStrategy(path))).code).toBe('mindspore.strategyInvalid')
  })
})

describe('a file of a conversion', () => {
  it('that is really another format is named', async () => {
    await using file = await RandomFile.open(fixture('llama2-mha-fp16/model-00002-of-00002.safetensors'))
    expect((await failure(readTorch(file))).code).toBe('checkpoint.notZip')
    expect(readFileSync(file.path).length).toBe(file.size)
  })
})
