import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FolderOpener, isInside } from '#main/files/folder-opener.ts'
import { openerOf } from '#main/files/show-folder.ts'

let folder: string
let shown: string[]
let opener: FolderOpener
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'awb-open-')))
  mkdirSync(join(folder, 'ours', 'run'), { recursive: true })
  mkdirSync(join(folder, 'ours-not'))
  writeFileSync(join(folder, 'ours', 'run', 'output.log'), '')
  symlinkSync(join(folder, 'ours-not'), join(folder, 'ours', 'link'))
  shown = []
  opener = new FolderOpener(
    (path) => Promise.resolve(shown.push(path) > 0),
    () => Promise.resolve([join(folder, 'ours'), join(folder, 'never-made')]),
  )
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a folder', () => {
  it('of ours is shown, and that of a file or of a prefix', async () => {
    const run = join(folder, 'ours', 'run')
    for (const path of [run, join(run, 'output.log'), join(run, 'alpaca')]) {
      expect(await opener.open(path)).toBe(true)
    }
    expect(shown).toEqual([run, run, run])
  })

  it.each(['ours-not', 'ours/link', 'ours/..', 'ours/../ours-not', '/etc'])('is not shown at %s', async (path) => {
    const absolute = path.startsWith('/') ? path : `${folder}/${path}`
    await expect(opener.open(absolute)).rejects.toMatchObject({ code: 'folder.outside' })
    expect(shown).toEqual([])
  })

  it('that is not there is named', async () => {
    await expect(opener.open(join(folder, 'a', 'b', 'c'))).rejects.toMatchObject({ code: 'file.missing' })
  })
})

describe('lying inside', () => {
  it.each([
    ['/a', '/a', true],
    ['/a', '/a/b', true],
    ['/a', '/a/..b', true],
    ['/a', '/ab', false],
    ['/a', '/', false],
    ['/a/b', '/a/c', false],
  ])('%s holds %s: %j', (root, path, expected) => expect(isInside(root, path)).toBe(expected))
})

describe('the program that opens things', () => {
  const has = (path: string) => path === '/usr/bin/xdg-open'
  it.each([
    ['linux', { DISPLAY: ':0', PATH: '/bin:/usr/bin' }, '/usr/bin/xdg-open'],
    ['linux', { WAYLAND_DISPLAY: 'wayland-0', PATH: '/usr/bin' }, '/usr/bin/xdg-open'],
    ['linux', { PATH: '/usr/bin' }, null],
    ['linux', { DISPLAY: ':0', PATH: '/bin' }, null],
    ['darwin', {}, '/usr/bin/open'],
  ])('on %s with %j is %j', (platform, env, program) => expect(openerOf({ platform, env }, has)).toBe(program))
})
