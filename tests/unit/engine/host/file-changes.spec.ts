import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stateDir } from '#engine/host/dirs.ts'
import { isProtected, measurePaths, removePaths, renamePath } from '#engine/host/file-changes.ts'

let folder: string
const at = (...names: string[]) => join(folder, ...names)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'awb-changes-'))
  mkdirSync(at('data', 'sub'), { recursive: true })
  writeFileSync(at('data', 'a'), 'four')
  writeFileSync(at('data', 'sub', 'b'), 'x')
  symlinkSync(folder, at('data', 'loop'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('how much lies at a path', () => {
  it('counts files, folders and links, and does not follow these', async () => {
    expect(await measurePaths([at('data'), at('data', 'a')])).toEqual({ entries: 6, bytes: 9, isPartial: false })
    expect(await measurePaths([at('data', 'loop')])).toEqual({ entries: 1, bytes: 0, isPartial: false })
  })

  it('stops at a limit, and when it is given up', async () => {
    expect(await measurePaths([at('data')], undefined, 2)).toMatchObject({ entries: 2, isPartial: true })
    await expect(measurePaths([at('data')], AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' })
    await expect(measurePaths([at('gone')])).rejects.toMatchObject({ code: 'file.missing' })
  })
})

describe('another name', () => {
  it('stays in the folder, and takes nobody else’s', async () => {
    expect(await renamePath(at('data', 'a'), '数据 1')).toBe(at('data', '数据 1'))
    expect(readFileSync(at('data', '数据 1'), 'utf8')).toBe('four')
    await expect(renamePath(at('data', '数据 1'), 'sub')).rejects.toMatchObject({ code: 'file.taken' })
    await expect(renamePath(at('gone'), 'b')).rejects.toMatchObject({ code: 'file.missing' })
    expect(await renamePath(at('data', 'sub'), 'sub')).toBe(at('data', 'sub'))
  })

  it.each(['../b', 'a/b', '..', 'a\0'])('is refused when it leads elsewhere: %j', async (name) => {
    await expect(renamePath(at('data', 'a'), name)).rejects.toMatchObject({ code: 'file.badName' })
  })
})

describe('deleting', () => {
  it('takes folders with all they hold, links alone, and is content with what is gone', async () => {
    await removePaths([at('data', 'loop'), at('data', 'gone')])
    expect(existsSync(at('data', 'a'))).toBe(true)
    await removePaths([at('data')])
    expect(existsSync(at('data'))).toBe(false)
    expect(existsSync(folder)).toBe(true)
  })

  it('is refused for what holds the engine, whatever else was named', async () => {
    await expect(removePaths([at('data'), stateDir()])).rejects.toMatchObject({ code: 'file.protected' })
    expect(existsSync(at('data'))).toBe(true)
  })

  it('never means the home folder, nor what holds it', () => {
    expect(isProtected(homedir())).toBe(true)
    const kept = ['/home/me', '/data/awb']
    for (const path of ['/', '/home', '/home/me', '/data', '/data/awb']) expect(isProtected(path, kept)).toBe(true)
    for (const path of ['/home/me/x', '/home/me2', '/homes', '/data/awb/jobs', '/tmp']) {
      expect(isProtected(path, kept)).toBe(false)
    }
  })
})
