import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { discardPart, placeArrival } from '#engine/host/arrivals.ts'
import { digestFile } from '#engine/host/digest.ts'
import { readText, writeText } from '#engine/host/text-files.ts'
import { walk } from '#engine/host/walk.ts'
import { MAX_TEXT_BYTES } from '#engine/protocol/contents.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-contents-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string) => join(folder, name)
const sha = (data: Buffer | string) => createHash('sha256').update(data).digest('hex')

describe('digests of files', () => {
  it('are those of the range that is asked for, and tell how much there was', async () => {
    const data = randomBytes((1 << 20) * 2 + 17)
    writeFileSync(at('a'), data)
    expect(await digestFile(at('a'), { from: 0 })).toEqual({ sha256: sha(data), bytes: data.length })
    expect(await digestFile(at('a'), { from: 5, to: 1_500_000 })).toEqual({
      sha256: sha(data.subarray(5, 1_500_000)),
      bytes: 1_499_995,
    })
    expect(await digestFile(at('a'), { from: 2 << 20, to: 4 << 20 })).toMatchObject({ bytes: 17 })
  })

  it('can be given up, and are of files only', async () => {
    writeFileSync(at('a'), 'a')
    await expect(digestFile(at('a'), { from: 0 }, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
    await expect(digestFile(folder, { from: 0 })).rejects.toMatchObject({ code: 'input.invalid' })
    await expect(digestFile(at('gone'), { from: 0 })).rejects.toMatchObject({ code: 'file.missing' })
  })
})

describe('a file that has arrived', () => {
  const arrival = (content: string) => ({
    part: at('.a.awb-part'),
    path: at('a'),
    bytes: Buffer.byteLength(content),
    sha256: sha(content),
  })

  it('takes the place of the old one, with its mode', async () => {
    writeFileSync(at('a'), 'old')
    writeFileSync(at('.a.awb-part'), 'new!')
    await placeArrival({ ...arrival('new!'), mode: 0o755 })
    expect(readFileSync(at('a'), 'utf8')).toBe('new!')
    expect(statSync(at('a')).mode & 0o777).toBe(0o755)
    expect(readdirSync(folder)).toEqual(['a'])
    // The reply was lost, and the caller asks again.
    await placeArrival(arrival('new!'))
  })

  it.each(['nex!', 'new', 'new!!'])('is refused when it is %j instead', async (wrong) => {
    writeFileSync(at('a'), 'old')
    writeFileSync(at('.a.awb-part'), wrong)
    await expect(placeArrival(arrival('new!'))).rejects.toMatchObject({ code: 'file.damaged' })
    expect(readFileSync(at('a'), 'utf8')).toBe('old')
  })

  it('never takes the place of a folder, and is missed when it is not there', async () => {
    await expect(placeArrival(arrival('new!'))).rejects.toMatchObject({ code: 'file.missing' })
    mkdirSync(at('a'))
    writeFileSync(at('.a.awb-part'), 'new!')
    await expect(placeArrival(arrival('new!'))).rejects.toMatchObject({ code: 'file.exists' })
    await discardPart(at('.a.awb-part'))
    await discardPart(at('.a.awb-part'))
    expect(readdirSync(folder)).toEqual(['a'])
  })
})

describe('what lies below a folder', () => {
  const all = async (path: string) => {
    const entries = []
    for await (const batch of walk(path)) entries.push(...batch)
    return entries.map((entry) => [entry.path, entry.kind, entry.bytes])
  }

  it('comes with folders before what they hold, links to files as files, and no links to folders', async () => {
    mkdirSync(at('sub/deep'), { recursive: true })
    mkdirSync(at('empty'))
    writeFileSync(at('sub/deep/文件 1'), 'four')
    symlinkSync(at('sub/deep/文件 1'), at('link'))
    symlinkSync(folder, at('sub/loop'))
    symlinkSync('/nowhere', at('broken'))
    const found = await all(folder)
    expect(found[0]).toEqual(['', 'folder', 0])
    expect(found.map(([path]) => path).sort()).toEqual(
      ['', 'empty', 'link', 'sub', 'sub/deep', 'sub/deep/文件 1'].sort(),
    )
    expect(found.findIndex(([path]) => path === 'sub')).toBeLessThan(found.findIndex(([path]) => path === 'sub/deep'))
    expect(await all(at('link'))).toEqual([['', 'file', 4]])
    await expect(all(at('gone'))).rejects.toMatchObject({ code: 'file.missing' })
  })
})

describe('texts', () => {
  it('are read and written back with their mode, through a link', async () => {
    writeFileSync(at('a.sh'), '你好\n')
    chmodSync(at('a.sh'), 0o751)
    symlinkSync('a.sh', at('link'))
    const read = await readText(at('link'))
    expect(read).toMatchObject({ text: '你好\n', isText: true, fileBytes: 7, sha256: sha('你好\n') })
    await writeText(at('link'), '再见\n', read.sha256)
    expect(readFileSync(at('a.sh'), 'utf8')).toBe('再见\n')
    expect(statSync(at('a.sh')).mode & 0o777).toBe(0o751)
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true)
    expect(readdirSync(folder).sort()).toEqual(['a.sh', 'link'])
  })

  it('are not written over what somebody else has written', async () => {
    writeFileSync(at('a'), 'one')
    const { sha256 } = await readText(at('a'))
    writeFileSync(at('a'), 'two')
    await expect(writeText(at('a'), 'three', sha256)).rejects.toMatchObject({ code: 'file.changed' })
    await expect(writeText(at('a'), 'three', null)).rejects.toMatchObject({ code: 'file.exists' })
    await expect(writeText(at('gone'), 'three', sha256)).rejects.toMatchObject({ code: 'file.missing' })
    expect(readFileSync(at('a'), 'utf8')).toBe('two')
    await writeText(at('new'), 'fresh', null)
    expect(readFileSync(at('new'), 'utf8')).toBe('fresh')
    expect(readdirSync(folder).sort()).toEqual(['a', 'new'])
    expect(existsSync(at('gone'))).toBe(false)
  })

  it('keep a mark at their beginning, are cut between characters, and are told from other files', async () => {
    writeFileSync(at('bom'), '\ufeffa')
    expect((await readText(at('bom'))).text).toBe('\ufeffa')
    writeFileSync(at('long'), '字'.repeat(MAX_TEXT_BYTES))
    const long = await readText(at('long'))
    expect(long).toMatchObject({ isText: true, sha256: null, fileBytes: MAX_TEXT_BYTES * 3 })
    expect(long.text).toBe('字'.repeat(Math.floor(MAX_TEXT_BYTES / 3)))
    writeFileSync(at('binary'), Buffer.from([1, 0, 2]))
    expect(await readText(at('binary'))).toMatchObject({ isText: false, text: '' })
    writeFileSync(at('latin'), Buffer.from([0xe9, 0x20]))
    expect(await readText(at('latin'))).toMatchObject({ isText: false })
  })
})
