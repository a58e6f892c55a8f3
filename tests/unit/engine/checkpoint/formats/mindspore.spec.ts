/** The MindSpore `.ckpt` container, byte by byte. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  assertChecksum,
  mindsporeString,
  mindsporeTensor,
  readMindspore,
  type MindsporeFile,
} from '../../../../../engine/checkpoint/formats/mindspore-read.ts'
import {
  crcTrailer,
  MindsporeWriter,
  recordHeader,
  stringRecord,
} from '../../../../../engine/checkpoint/formats/mindspore-write.ts'
import { RandomFile } from '../../../../../engine/checkpoint/formats/random-file.ts'
import { AppError } from '../../../../../engine/protocol/errors/index.ts'
import { failure, fixture, storedBytes, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(/[\s|]/g, ''), 'hex')
const record = (name: string, type: string, shape: number[], content: Buffer): Buffer =>
  Buffer.concat([recordHeader({ name, type, shape }, content.length), content])

/** Opens the bytes as a file for as long as `use` takes. */
async function withFile<T>(bytes: Uint8Array, use: (file: RandomFile) => Promise<T>): Promise<T> {
  using folder = temporaryFolder()
  const path = join(folder.path, 'x.ckpt')
  writeFileSync(path, bytes)
  await using file = await RandomFile.open(path)
  return await use(file)
}

async function rewrite({ file, entries }: MindsporeFile, chunkBytes?: number): Promise<Buffer> {
  const parts: Buffer[] = []
  const sink = { write: (bytes: Uint8Array) => Promise.resolve(void parts.push(Buffer.from(bytes))) }
  const writer = new MindsporeWriter(sink, chunkBytes)
  for (const entry of entries) {
    const content = Buffer.concat(await Promise.all(entry.chunks.map(({ offset, bytes }) => file.read(offset, bytes))))
    await writer.begin(entry, content.length)
    await writer.write(content)
  }
  return Buffer.concat(parts)
}

describe('a MindSpore file', () => {
  it('has the records that MindSpore writes', () => {
    const zeros = '00'.repeat(12)
    expect(record('w', 'Float16', [2, 3], Buffer.alloc(12))).toEqual(
      bytesOf(`0A 20 | 0A 01 77 | 12 1B | 08 02 08 03 | 12 07 46 6C 6F 61 74 31 36 | 1A 0C ${zeros}`),
    )
    expect(stringRecord('k', 'hi')).toEqual(
      bytesOf('0A 16 0A 01 6B 12 11 08 00 12 03 73 74 72 1A 08 68 00 00 00 69 00 00 00'),
    )
  })

  it.each(['llama.llama2-gqa-fp16.fp16.ckpt', 'telechat2.telechat2-fp16.float16.ckpt'])(
    'is written again byte by byte: %s',
    async (name) => {
      const original = readFileSync(fixture(`mindspore/${name}`))
      expect(await withFile(original, async (file) => rewrite(await readMindspore(file)))).toEqual(original)
    },
  )

  it('is cut into chunks of equal size, and joined again', async () => {
    const content = Buffer.from(Array.from({ length: 40 }, (_, index) => index))
    const cut = await withFile(record('w', 'Float16', [5, 4], content), async (file) =>
      rewrite(await readMindspore(file), 16),
    )
    expect(cut).toEqual(
      Buffer.concat(
        [content.subarray(0, 16), content.subarray(16, 32), content.subarray(32)].map((part) =>
          record('w', 'Float16', [5, 4], part),
        ),
      ),
    )
    await withFile(cut, async (file) => {
      const [entry] = (await readMindspore(file)).entries
      expect(entry?.chunks).toHaveLength(3)
      const tensor = mindsporeTensor(file, entry!)!
      expect(Buffer.from(await storedBytes(tensor))).toEqual(content)
    })
  })

  it('joins the unequal chunks of older writers, and takes the later of two equal names', async () => {
    const older = Buffer.concat([
      record('a', 'Int8', [5], Buffer.from([1, 2, 3])),
      record('a', 'Int8', [5], Buffer.from([4, 5])),
      record('b', 'Int8', [1], Buffer.from([6])),
      record('a', 'Int8', [2], Buffer.from([7, 8])),
    ])
    await withFile(older, async (file) => {
      const { entries } = await readMindspore(file)
      expect(entries.map(({ name, shape }) => [name, shape])).toEqual([
        ['a', [2]],
        ['b', [1]],
      ])
    })
  })

  it('holds scalars of both generations, strings and bf16', async () => {
    const bytes = Buffer.concat([
      record('new', 'Int64', [], Buffer.alloc(8, 1)),
      record('old', 'Float32', [0], Buffer.alloc(4)),
      record('empty', 'Float32', [0], Buffer.alloc(0)),
      record('half', 'BFloat16', [1], Buffer.from([0x80, 0x3f])),
      stringRecord('note', 'a\u{1f600}中'),
    ])
    await withFile(bytes, async (file) => {
      const { entries } = await readMindspore(file)
      expect(entries.map(({ shape }) => shape)).toEqual([[], [], [0], [1], [0]])
      expect(entries.map((entry) => mindsporeTensor(file, entry)?.dtype)).toEqual([
        'int64',
        'fp32',
        'fp32',
        'bf16',
        undefined,
      ])
      expect(await mindsporeString(file, entries[4]!)).toBe('a\u{1f600}中')
    })
  })

  it('leaves out empty tensors when it is written', async () => {
    const bytes = record('empty', 'Float32', [0, 4], Buffer.alloc(0))
    expect(await withFile(bytes, async (file) => rewrite(await readMindspore(file)))).toHaveLength(0)
  })

  it('may end with a checksum, which is tested', async () => {
    const body = record('w', 'Float32', [1], Buffer.from([0, 0, 0x80, 0x3f]))
    const trailer = crcTrailer(crc32(body))
    expect(trailer.toString('hex').startsWith('6372635f6e756d000000000000')).toBe(true)
    await withFile(Buffer.concat([body, trailer]), async (file) => {
      const opened = await readMindspore(file)
      expect(opened.crc).toBe(crc32(body))
      expect(opened.entries).toHaveLength(1)
      await assertChecksum(opened)
    })
    body[body.length - 1] = 0x40
    const damaged = withFile(Buffer.concat([body, trailer]), async (file) => assertChecksum(await readMindspore(file)))
    expect((await failure(damaged)).code).toBe('mindspore.checksum')
  })

  it.each<[string, string, string]>([
    ['encrypted', 'd8 5e 3a 7f 00 00 00 00 00 00', 'mindspore.encrypted'],
    ['encrypted by blocks', 'd9 5e 3a 7f 00 00 00 00 00 00', 'mindspore.encrypted'],
    ['longer inside than outside', '0a 05 0a 7f 61 62 63', 'mindspore.protobufInvalid'],
    ['cut short', '0a 20 0a 01 77 12 1b 08 02', 'mindspore.protobufInvalid'],
    ['an endless number', `0a ${'ff'.repeat(12)}`, 'mindspore.protobufInvalid'],
    ['without a name', '0a 00', 'mindspore.protobufInvalid'],
    ['with too few bytes', '0a 12 0a 01 77 12 0d 08 04 12 05 49 6e 74 31 36 1a 02 00 00', 'checkpoint.tensorSize'],
    ['a pickle', '80 02 7d 71 00 2e', 'mindspore.protobufInvalid'],
  ])('is refused: %s', async (_name, hex, code) => {
    expect((await failure(withFile(bytesOf(hex), readMindspore))).code).toBe(code)
  })

  it('survives changed and cut files', async () => {
    const original = readFileSync(fixture('mindspore/llama.llama2-gqa-fp16.fp16.ckpt'))
    const starts = await withFile(original, async (file) =>
      (await readMindspore(file)).entries.map(({ chunks }) => chunks[0]!.offset),
    )
    const place = fc
      .record({ start: fc.constantFrom(...starts), back: fc.integer({ min: 1, max: 70 }) })
      .map(({ start, back }) => Math.max(0, start - back))
    const change = fc.record({ at: place, bytes: fc.uint8Array({ maxLength: 8 }), isCut: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const bytes = Buffer.from(original)
        let length = bytes.length
        for (const { at, bytes: values, isCut } of changes) {
          Buffer.from(values).copy(bytes, at)
          if (isCut) length = Math.min(length, at)
        }
        await withFile(bytes.subarray(0, length), async (file) => {
          try {
            const opened = await readMindspore(file)
            for (const entry of opened.entries) {
              const tensor = mindsporeTensor(file, entry)
              if (tensor !== undefined) await storedBytes(tensor)
              await mindsporeString(file, entry)
            }
          } catch (error) {
            if (!(error instanceof AppError)) throw error
          }
        })
      }),
      { seed: 5, numRuns: Number(process.env['AWB_FUZZ_RUNS'] ?? 150) },
    )
  }, 60_000)
})
