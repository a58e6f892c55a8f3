import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { expandPath } from '#engine/host/dirs.ts'
import { diskSpace, hostFacts } from '#engine/host/facts.ts'
import { listFolder, readPiece, statFile } from '#engine/host/files.ts'
import { HostFacts } from '#engine/protocol/host.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-files-'))
  mkdirSync(join(folder, 'zoo'))
  writeFileSync(join(folder, 'layer10'), 'ten')
  writeFileSync(join(folder, 'layer9'), 'nine')
  symlinkSync(join(folder, 'gone'), join(folder, 'broken'))
  symlinkSync(join(folder, 'layer9'), join(folder, 'link'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('files of a host', () => {
  it('are listed with folders first, numbers in order, and links as what they lead to', async () => {
    const { path, entries, isTruncated } = await listFolder(folder)
    expect(path).toBe(folder)
    expect(isTruncated).toBe(false)
    expect(entries.map(({ name, kind }) => [name, kind])).toEqual([
      ['zoo', 'folder'],
      ['broken', 'link'],
      ['layer9', 'file'],
      ['layer10', 'file'],
      ['link', 'file'],
    ])
  })

  it('are null when missing, and an error where a folder is expected', async () => {
    expect(await statFile(join(folder, 'gone'))).toBeNull()
    expect(await statFile(join(folder, 'layer9', 'below'))).toBeNull()
    await expect(listFolder(join(folder, 'gone'))).rejects.toMatchObject({ code: 'file.missing' })
    await expect(listFolder(join(folder, 'layer9'))).rejects.toMatchObject({ code: 'input.invalid' })
  })

  it('are read in pieces', async () => {
    const path = join(folder, 'layer9')
    expect(await readPiece(path, 1, 2)).toEqual({ data: Buffer.from('in').toString('base64'), bytes: 2, fileBytes: 4 })
    expect(await readPiece(path, 3, 100)).toMatchObject({ bytes: 1, fileBytes: 4 })
    expect(await readPiece(path, 50, 100)).toEqual({ data: '', bytes: 0, fileBytes: 4 })
    await expect(readPiece(folder, 0, 1)).rejects.toMatchObject({ code: 'input.invalid' })
  })

  it('may be named from the home folder', () => {
    expect(expandPath('~')).toBe(homedir())
    expect(expandPath('~/models')).toBe(join(homedir(), 'models'))
    expect(expandPath('models', '/work')).toBe(join('/work', 'models'))
    expect(expandPath('/~/models')).toBe('/~/models')
  })
})

describe('what is known of a host', () => {
  it('fits the protocol', async () => {
    const facts = HostFacts.parse(await hostFacts())
    expect(facts.nodeVersion).toBe(process.versions.node)
    expect(facts.workspaceFreeBytes).toBeGreaterThan(0)
  })

  it('tells the space for a folder that is yet to be made', async () => {
    expect(await diskSpace(join(folder, 'a', 'b', 'c'))).toMatchObject({
      totalBytes: (await diskSpace(folder)).totalBytes,
    })
  })
})
