import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { RandomFile } from '../../../../../engine/checkpoint/formats/random-file.ts'
import { readZipDirectory, type ZipEntry } from '../../../../../engine/checkpoint/formats/zip-read.ts'
import { ZipLayout } from '../../../../../engine/checkpoint/formats/zip-write.ts'
import { failure, temporaryFolder } from '../../../../fixtures/checkpoint/helpers.ts'

function archive(members: readonly [string, Buffer][]): Buffer {
  const zip = new ZipLayout()
  const parts = members.flatMap(([name, content]) => [
    zip.begin(name, content.length),
    content,
    zip.end(crc32(content)),
  ])
  return Buffer.concat([...parts, zip.finish()])
}

async function directory(bytes: Uint8Array): Promise<ZipEntry[]> {
  using folder = temporaryFolder()
  const path = join(folder.path, 'x.pt')
  writeFileSync(path, bytes)
  await using file = await RandomFile.open(path)
  return [...(await readZipDirectory(file)).values()]
}

const members: [string, Buffer][] = [
  ['x/data.pkl', Buffer.from('pickle')],
  ['x/data/0', Buffer.alloc(100, 3)],
  ['x/data/1', Buffer.alloc(0)],
  ['x/version', Buffer.from('3\n')],
]

describe('ZipLayout', () => {
  it('aligns the data of every member to 64 bytes', async () => {
    for (const { offset } of await directory(archive(members))) expect(offset % 64).toBe(0)
  })

  it('writes members that are found again with their bytes', async () => {
    const bytes = archive(members)
    const entries = await directory(bytes)
    expect(entries.map(({ name, offset, bytes: size }) => [name, bytes.subarray(offset, offset + size)])).toEqual(
      members,
    )
  })

  it('marks sizes as following the data, and puts them there', () => {
    const content = Buffer.from('abc')
    const bytes = archive([['m', content]])
    expect(bytes.readUInt16LE(6)).toBe(0x0808)
    expect([bytes.readUInt32LE(14), bytes.readUInt32LE(18), bytes.readUInt32LE(22)]).toEqual([0, 0, 0])
    const descriptor = 64 + content.length
    expect(bytes.readUInt32LE(descriptor)).toBe(0x08074b50)
    expect([4, 8, 12].map((at) => bytes.readUInt32LE(descriptor + at))).toEqual([crc32(content), 3, 3])
  })

  it('uses ZIP64 for a member of 4 GiB and what lies behind it', () => {
    const zip = new ZipLayout()
    const wide = zip.begin('big', 2 ** 32)
    expect(wide.length % 64).toBe(0)
    expect(zip.end(1).length).toBe(24)
    zip.begin('after', 1)
    zip.end(2)
    const tail = zip.finish()
    const record = tail.indexOf(Buffer.from([0x50, 0x4b, 6, 6]))
    expect(record).toBeGreaterThan(0)
    expect(tail.readBigUInt64LE(record + 32)).toBe(2n)
    expect(tail.readBigUInt64LE(record + 48)).toBeGreaterThan(2n ** 32n)
    expect(tail.readUInt32LE(tail.length - 22 + 16)).toBe(0xffffffff)
  })
})

describe('readZipDirectory', () => {
  it('reads ZIP64 values where the short fields are saturated', async () => {
    // A small archive whose directory claims its offset in 64 bits only.
    const bytes = archive([['m', Buffer.from('abc')]])
    const end = bytes.length - 22
    const offset = bytes.readUInt32LE(end + 16)
    const size = bytes.readUInt32LE(end + 12)
    const wide = Buffer.alloc(76)
    wide.writeUInt32LE(0x06064b50, 0)
    wide.writeBigUInt64LE(44n, 4)
    wide.writeBigUInt64LE(1n, 32)
    wide.writeBigUInt64LE(BigInt(size), 40)
    wide.writeBigUInt64LE(BigInt(offset), 48)
    wide.writeUInt32LE(0x07064b50, 56)
    wide.writeBigUInt64LE(BigInt(end), 64)
    const short = Buffer.from(bytes.subarray(end))
    short.writeUInt32LE(0xffffffff, 16)
    const entries = await directory(Buffer.concat([bytes.subarray(0, end), wide, short]))
    expect(entries).toEqual([{ name: 'm', offset: 64, bytes: 3 }])
  })

  it('finds the end behind a comment', async () => {
    const bytes = archive(members)
    bytes.writeUInt16LE(5, bytes.length - 2)
    expect(await directory(Buffer.concat([bytes, Buffer.from('hello')]))).toHaveLength(4)
  })

  const damaged = (change: (bytes: Buffer) => Buffer): Buffer => change(archive(members))
  it.each([
    ['another format', Buffer.from('not a zip archive'), 'checkpoint.notZip'],
    ['the older torch format', Buffer.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc]), 'checkpoint.notZip'],
    ['an empty file', Buffer.alloc(0), 'checkpoint.notZip'],
    ['an archive cut off', damaged((bytes) => bytes.subarray(0, bytes.length - 30)), 'checkpoint.truncated'],
    [
      'a compressed member',
      damaged((bytes) => {
        bytes.writeUInt16LE(8, bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 10)
        return bytes
      }),
      'checkpoint.zipInvalid',
    ],
    [
      'a member that reaches behind the end',
      damaged((bytes) => {
        const entry = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]))
        bytes.writeUInt32LE(1_000_000, entry + 20)
        bytes.writeUInt32LE(1_000_000, entry + 24)
        return bytes
      }),
      'checkpoint.truncated',
    ],
    [
      'a directory that claims more entries than it has',
      damaged((bytes) => {
        bytes.writeUInt16LE(999, bytes.length - 22 + 10)
        return bytes
      }),
      'checkpoint.zipInvalid',
    ],
    [
      'a local header elsewhere',
      damaged((bytes) => {
        bytes.writeUInt32LE(3, bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 42)
        return bytes
      }),
      'checkpoint.zipInvalid',
    ],
    [
      'two members of one name',
      archive([
        ['a', Buffer.from('1')],
        ['a', Buffer.from('2')],
      ]),
      'checkpoint.zipInvalid',
    ],
  ])('refuses %s', async (_name, bytes, code) => {
    expect((await failure(directory(bytes))).code).toBe(code)
  })
})
